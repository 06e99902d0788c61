// Package agent has what a skill needs that works with a model: questions, and the loop that runs the tools which a model calls.
//
//	var said struct{ Title string `json:"title"` }
//	tools := append(agent.Editing(host), agent.Finish("finish", "Ends the work.", &said))
//	err := agent.New(host, "You edit files.").Run(brief.Markdown(), 50, tools...)
//
// Messages are appended, so that a provider's cache holds what was sent before; where they would outgrow the model's window, the
// oldest results of tools are dropped.
package agent

import (
	"strings"

	skill "skillhost/sdk"
	"skillhost/sdk/schema"
)

// Conversation is messages with a model.
type Conversation struct {
	// Standard where it is empty.
	Tier     skill.Tier
	host     skill.Host
	system   string
	messages []skill.Message
	tools    []skill.ToolDefinition
}

// New begins a conversation. `system` is what the model is told before all else.
func New(host skill.Host, system string) *Conversation {
	return &Conversation{host: host, system: system}
}

// Tell adds words for the model, without asking it.
func (conversation *Conversation) Tell(words string) {
	conversation.push(skill.User, skill.Text(words))
}

// Ask asks for a text.
func (conversation *Conversation) Ask(words string) (string, error) {
	conversation.Tell(words)
	return conversation.text("")
}

// AskFor asks for a value of a type, whose schema the reply has to satisfy; once more where it does not.
func AskFor[T any](conversation *Conversation, words string) (value T, err error) {
	wanted, err := schema.Of[T]()
	if err != nil {
		return value, err
	}
	conversation.Tell(words)
	for range 2 {
		reply, err := conversation.text(wanted)
		if err != nil {
			return value, err
		}
		value, unfit := schema.Decode[T](reply)
		if unfit == nil {
			return value, nil
		}
		conversation.Tell("That does not fit: " + unfit.Error() + ". Reply with JSON alone.")
	}
	return value, skill.Failed("the model gave no fitting answer")
}

// The text of a reply, whose calls are left out: nothing answers them.
func (conversation *Conversation) text(schema string) (string, error) {
	reply, err := conversation.complete(skill.ToolChoiceNone, schema)
	if err != nil {
		return "", err
	}
	for _, part := range reply.Parts {
		if _, isCall := part.(skill.ToolCall); !isCall {
			conversation.push(skill.Assistant, part)
		}
	}
	if reply.Stop == skill.StopLength {
		return "", skill.Failed("the model's reply was cut off for its length")
	}
	return words(reply.Parts), nil
}

func (conversation *Conversation) complete(choice skill.ToolChoice, schema string) (skill.Reply, error) {
	if err := conversation.makeRoom(); err != nil {
		return skill.Reply{}, err
	}
	reply, err := conversation.host.Complete(skill.Request{
		Tier:       conversation.Tier,
		System:     conversation.system,
		Messages:   conversation.messages,
		Tools:      conversation.tools,
		ToolChoice: choice,
		Schema:     schema,
	})
	if err == nil && reply.Stop == skill.StopRefused {
		return reply, skill.Failed("%s refused: %s", reply.Model, skill.Clip(words(reply.Parts), 500))
	}
	return reply, err
}

func words(parts []skill.Part) string {
	var said strings.Builder
	for _, part := range parts {
		if text, isText := part.(skill.Text); isText {
			said.WriteString(string(text))
		}
	}
	return said.String()
}

// Speakers take turns: what the same one says next joins what it said.
func (conversation *Conversation) push(speaker skill.Speaker, parts ...skill.Part) {
	if len(parts) == 0 {
		return
	}
	if last := len(conversation.messages) - 1; last >= 0 && conversation.messages[last].Speaker == speaker {
		conversation.messages[last].Parts = append(conversation.messages[last].Parts, parts...)
		return
	}
	conversation.messages = append(conversation.messages, skill.Message{Speaker: speaker, Parts: parts})
}
