package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	skill "skillhost/sdk"
)

const (
	// Replies without a call, or with nothing but calls that can't be read, that end the loop when they come in a row.
	maxInARow = 3
	// How often the same call is answered. From then on it is refused, until another one was made.
	maxRepeats = 3
	// What the model is told of one result.
	maxResultBytes = 24_000
)

const tooLate = "nothing was done: the work had ended before this call."

const cutOff = "nothing was done: your reply was cut off for its length, so this call may be a part of what you meant. Ask for less."

// Run tells the model some words, and runs the tools that it calls, until one of them is Finish. What a tool fails with is told to
// the model, which may do better; the end of the budget and of the run end the loop, as do so many turns, replies that call
// nothing, and calls that can't be read.
func (conversation *Conversation) Run(words string, turns int, tools ...Tool) error {
	conversation.tools = nil
	for _, tool := range tools {
		if tool.err != nil {
			return fmt.Errorf("the tool %s: %w", tool.definition.Name, tool.err)
		}
		conversation.tools = append(conversation.tools, tool.definition)
	}
	conversation.Tell(words)
	loop := loop{tools: tools, repeats: map[string]int{}}
	for turn := 1; turn <= turns; turn++ {
		if turn == turns && turns > 1 {
			conversation.Tell("This is the last turn: finish now.")
		}
		reply, err := conversation.complete(skill.ToolChoiceAuto, "")
		if err != nil {
			return err
		}
		broken := loop.repair(&reply)
		conversation.push(skill.Assistant, reply.Parts...)
		results, done, err := loop.answer(reply, broken)
		if done || err != nil {
			// Each call is answered, so that the conversation can go on.
			conversation.push(skill.User, results...)
			return err
		}
		if len(results) == 0 && reply.Stop == skill.StopLength {
			conversation.Tell("Your reply was cut off for its length. Say it again, shorter.")
		} else if len(results) == 0 {
			conversation.Tell("Nothing was called. Go on with a tool, or finish.")
		}
		conversation.push(skill.User, results...)
	}
	return skill.Exhausted("%d turns", turns)
}

// What a loop remembers of its turns.
type loop struct {
	tools      []Tool
	repeats    map[string]int
	nameless   int
	silent     int
	unreadable int
}

// Gives each call an id, and arguments that are JSON, since servers reject what they sent themselves where it is not. Tells at
// which places it was not.
func (loop *loop) repair(reply *skill.Reply) (broken map[int]bool) {
	broken, reply.Parts = map[int]bool{}, slices.Clone(reply.Parts)
	for at, part := range reply.Parts {
		call, isCall := part.(skill.ToolCall)
		if !isCall {
			continue
		}
		if call.ID == "" {
			loop.nameless++
			call.ID = fmt.Sprintf("call-%d", loop.nameless)
		}
		if !json.Valid([]byte(call.Arguments)) {
			broken[at] = strings.TrimSpace(call.Arguments) != ""
			call.Arguments = "{}"
		}
		reply.Parts[at] = call
	}
	return broken
}

// What the calls of a reply came to, and whether the loop is done.
func (loop *loop) answer(reply skill.Reply, broken map[int]bool) (results []skill.Part, done bool, err error) {
	last, unreadable := lastCall(reply.Parts), 0
	for at, part := range reply.Parts {
		call, isCall := part.(skill.ToolCall)
		if !isCall {
			continue
		}
		var told string
		var failure error
		switch tool, known := loop.find(call.Name); {
		case done || err != nil:
			failure = errors.New(tooLate)
		case at == last && reply.Stop == skill.StopLength:
			failure = errors.New(cutOff)
		case broken[at]:
			failure = skill.Invalid("nothing was done: the arguments are not JSON")
			unreadable++
		case !known:
			failure = skill.Invalid("there is no tool `%s`; the tools are %s", skill.Clip(call.Name, 60), loop.names())
			unreadable++
		case !loop.mayRun(call):
			failure = skill.Invalid("nothing was done: the same call was made %d times in a row", maxRepeats)
		default:
			told, failure = tool.call(call.Arguments)
			done = failure == nil && tool.finishes
			if errors.Is(failure, skill.ErrCancelled) || errors.Is(failure, skill.ErrExhausted) {
				err = failure
			}
			var unread *unread
			if errors.As(failure, &unread) {
				unreadable++
			}
		}
		if failure != nil {
			told = failure.Error()
		}
		results = append(results, skill.ToolResult{ID: call.ID, Content: skill.Clip(told, maxResultBytes), Failed: failure != nil})
	}
	if done || err != nil {
		return results, done, err
	}
	return results, false, loop.patience(len(results), unreadable)
}

func lastCall(parts []skill.Part) int {
	last := -1
	for at, part := range parts {
		if _, isCall := part.(skill.ToolCall); isCall {
			last = at
		}
	}
	return last
}

func (loop *loop) find(name string) (Tool, bool) {
	for _, tool := range loop.tools {
		if tool.definition.Name == name {
			return tool, true
		}
	}
	return Tool{}, false
}

func (loop *loop) names() string {
	var names []string
	for _, tool := range loop.tools {
		names = append(names, tool.definition.Name)
	}
	return strings.Join(names, ", ")
}

func (loop *loop) mayRun(call skill.ToolCall) bool {
	key := call.Name + " " + call.Arguments
	count := loop.repeats[key]
	if count == 0 {
		clear(loop.repeats)
	}
	loop.repeats[key] = count + 1
	return count < maxRepeats
}

func (loop *loop) patience(calls, unreadable int) error {
	if calls == 0 {
		loop.silent++
	} else {
		loop.silent = 0
	}
	if calls > 0 && calls == unreadable {
		loop.unreadable++
	} else {
		loop.unreadable = 0
	}
	if loop.silent == maxInARow {
		return skill.Failed("the model replied %d times without calling a tool", maxInARow)
	}
	if loop.unreadable == maxInARow {
		return skill.Failed("the model's tool calls could not be read %d times in a row", maxInARow)
	}
	return nil
}
