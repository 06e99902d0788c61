package contract

import (
	skill "skillhost/sdk"
	model "skillhost/sdk/generated/imports/skillhost_skill_model"
	types "skillhost/sdk/generated/imports/skillhost_skill_types"
	"skillhost/sdk/wit/types"
)

var (
	speakers = names[skill.Speaker]{skill.User, skill.Assistant}
	choices  = names[skill.ToolChoice]{skill.ToolChoiceAuto, skill.ToolChoiceRequired, skill.ToolChoiceNone}
	stops    = names[skill.Stop]{skill.StopEnd, skill.StopToolCalls, skill.StopLength, skill.StopRefused}
	tiers    = names[skill.Tier]{skill.Cheap, skill.Standard, skill.Capable}
)

func tier(tier skill.Tier) model.Tier {
	if tier == "" {
		tier = skill.Standard
	}
	return tiers.number(tier)
}

func request(from skill.Request) model.Request {
	return model.Request{
		Tier:     tier(from.Tier),
		System:   unlessEmpty(from.System),
		Messages: each(from.Messages, message),
		Tools: each(from.Tools, func(tool skill.ToolDefinition) model.ToolDefinition {
			return model.ToolDefinition(tool)
		}),
		ToolChoice:      choices.number(from.ToolChoice),
		Schema:          unlessEmpty(from.Schema),
		MaxOutputTokens: unlessEmpty(from.MaxOutputTokens),
	}
}

func message(from skill.Message) model.Message {
	return model.Message{Speaker: speakers.number(from.Speaker), Parts: each(from.Parts, toPart)}
}

func toPart(from skill.Part) model.Part {
	switch part := from.(type) {
	case skill.Reasoning:
		return model.MakePartReasoning(string(part))
	case skill.ToolCall:
		return model.MakePartToolCall(model.ToolCall{Id: part.ID, Name: part.Name, Arguments: part.Arguments})
	case skill.ToolResult:
		return model.MakePartToolResult(model.ToolResult{Id: part.ID, Content: part.Content, Failed: part.Failed})
	case skill.Text:
		return model.MakePartText(string(part))
	default:
		return model.MakePartText("")
	}
}

func part(from model.Part) skill.Part {
	switch from.Tag() {
	case model.Part_Reasoning:
		return skill.Reasoning(from.Reasoning())
	case model.Part_ToolCall:
		call := from.ToolCall()
		return skill.ToolCall{ID: call.Id, Name: call.Name, Arguments: call.Arguments}
	case model.Part_ToolResult:
		result := from.ToolResult()
		return skill.ToolResult{ID: result.Id, Content: result.Content, Failed: result.Failed}
	default:
		return skill.Text(from.Text())
	}
}

func reply(from model.Reply) skill.Reply {
	return skill.Reply{
		Parts: each(from.Parts, part),
		Stop:  stops.name(from.Stop),
		Usage: skill.Usage{
			InputTokens:       from.Usage.InputTokens,
			CachedInputTokens: from.Usage.CachedInputTokens,
			OutputTokens:      from.Usage.OutputTokens,
			Cost:              pointer(from.Usage.Cost, same),
		},
		Model: from.Model,
	}
}

func completion(result wit_types.Result[model.Reply, types.Error]) skill.Completion {
	reply, err := outcome(result, reply)
	return skill.Completion{Reply: reply, Err: err}
}
