package agent

import (
	"errors"

	skill "skillhost/sdk"
)

const (
	// How much of a window a request may fill, of ten parts.
	windowShare = 7
	// Where the host does not know a model's window.
	usualWindow   = 100_000
	bytesPerToken = 3
	// The newest results, which are never dropped.
	keptResults = 4
)

const dropped = "[dropped, since the conversation is long; call the tool again if you need it]"

// Drops the oldest results where a request would fill its share of the window, down to half of that.
func (conversation *Conversation) makeRoom() error {
	window, err := conversation.host.Window(conversation.Tier)
	if errors.Is(err, skill.ErrFailed) {
		window = usualWindow
	} else if err != nil {
		return err
	}
	share, size := int(window)/10*windowShare*bytesPerToken, 0
	var results []*skill.Part
	for m := range conversation.messages {
		parts := conversation.messages[m].Parts
		for p := range parts {
			size += length(parts[p])
			if _, isResult := parts[p].(skill.ToolResult); isResult {
				results = append(results, &parts[p])
			}
		}
	}
	if size <= share {
		return nil
	}
	for _, part := range results[:max(0, len(results)-keptResults)] {
		result, isResult := (*part).(skill.ToolResult)
		if size <= share/2 {
			return nil
		}
		if isResult && len(result.Content) > len(dropped) {
			size -= len(result.Content) - len(dropped)
			result.Content = dropped
			*part = result
		}
	}
	if size > share {
		return skill.Exhausted("the model's window")
	}
	return nil
}

func length(part skill.Part) int {
	switch part := part.(type) {
	case skill.Text:
		return len(part)
	case skill.Reasoning:
		return len(part)
	case skill.ToolCall:
		return len(part.Name) + len(part.Arguments)
	case skill.ToolResult:
		return len(part.Content)
	default:
		return 0
	}
}
