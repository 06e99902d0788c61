package skill

// Tier is how capable a model is asked for. The project says which model is behind each.
type Tier string

// The tiers. An empty one is Standard.
const (
	Cheap    Tier = "cheap"
	Standard Tier = "standard"
	Capable  Tier = "capable"
)

// Speaker is who says a message.
type Speaker string

// The speakers.
const (
	User      Speaker = "user"
	Assistant Speaker = "assistant"
)

// Part is a part of a message: Text, Reasoning, ToolCall or ToolResult.
type Part interface{ part() }

// Text is what somebody says.
type Text string

// Reasoning is a provider's, to be sent back unchanged.
type Reasoning string

// ToolCall is what a model wants to have done. Its arguments are JSON, unless the model got them wrong.
type ToolCall struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// ToolResult is what came of a call.
type ToolResult struct {
	ID      string `json:"id"`
	Content string `json:"content"`
	Failed  bool   `json:"failed"`
}

func (Text) part()       {}
func (Reasoning) part()  {}
func (ToolCall) part()   {}
func (ToolResult) part() {}

// Message is what one speaker says.
type Message struct {
	Speaker Speaker
	Parts   []Part
}

// ToolDefinition is what a model is told of a tool. Its parameters are a JSON Schema.
type ToolDefinition struct {
	Name        string
	Description string
	Parameters  string
}

// ToolChoice is whether a model may call tools.
type ToolChoice string

// The choices. An empty one is ToolChoiceAuto.
const (
	ToolChoiceAuto     ToolChoice = "auto"
	ToolChoiceRequired ToolChoice = "required"
	ToolChoiceNone     ToolChoice = "none"
)

// Request is one call of a model. What is empty is left out.
type Request struct {
	Tier       Tier
	System     string
	Messages   []Message
	Tools      []ToolDefinition
	ToolChoice ToolChoice
	// JSON Schema that the reply's text must satisfy.
	Schema          string
	MaxOutputTokens uint32
}

// Stop is why a reply ended.
type Stop string

// The reasons to stop.
const (
	StopEnd       Stop = "end"
	StopToolCalls Stop = "tool-calls"
	StopLength    Stop = "length"
	StopRefused   Stop = "refused"
)

// Usage is what a reply took.
type Usage struct {
	InputTokens       uint64 `json:"input_tokens"`
	CachedInputTokens uint64 `json:"cached_input_tokens"`
	OutputTokens      uint64 `json:"output_tokens"`
	// Millionths of a US dollar; nil where the price is unknown.
	Cost *uint64 `json:"cost"`
}

// Reply is what a model answers.
type Reply struct {
	Parts []Part
	Stop  Stop
	Usage Usage
	Model string
}

// Completion is what came of one of several requests: a reply, or an error.
type Completion struct {
	Reply Reply
	Err   error
}

// Budget is what is left: tokens, and millionths of a US dollar. nil where there is no limit.
type Budget struct {
	Tokens *uint64 `json:"tokens"`
	Cost   *uint64 `json:"cost"`
}
