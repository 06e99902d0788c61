// Calls everything that the contract has, and writes down what came of it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	skill "skillhost/sdk"
	"skillhost/sdk/implement"
)

func init() { implement.Export(see) }

func main() {}

type object = map[string]any

// More than a diff or the budget has room for.
var large = strings.Repeat("0123456789\n", 40_000)

// The errors that a goal may ask for.
var wanted = map[string]error{
	"denied":    skill.Denied("because ü"),
	"invalid":   skill.Invalid("because ü"),
	"exhausted": skill.Exhausted("because ü"),
	"cancelled": skill.ErrCancelled,
	"too-large": &skill.Error{Kind: skill.ErrTooLarge, Size: 1 << 32},
	"failed":    skill.Failed("because ü"),
}

// Writes `src/seen.json`, and `src/again.json` where something was found.
func see(host skill.Host, brief skill.Brief) (skill.Summary, error) {
	if err, found := wanted[brief.Goal]; found {
		return skill.Summary{}, err
	}
	file, seen := "src/again.json", object{"brief": brief}
	if len(brief.Findings) == 0 {
		file = "src/seen.json"
		logs(host)
		models(host, seen)
		commands(host, seen)
		if err := changes(host, seen); err != nil {
			return skill.Summary{}, err
		}
		tell(seen, "ask", of(host.Ask("Now?", []string{"yes", "no"}, "no")))
	}
	text, err := json.Marshal(seen)
	if err != nil {
		return skill.Summary{}, err
	}
	var answers []skill.Answer
	for _, finding := range brief.Findings {
		answers = append(answers, skill.Answer{Finding: finding.ID, Text: "answered"})
	}
	return skill.Summary{
		Title:      "See all of it",
		What:       "what ü",
		Why:        "why",
		Breaking:   []string{"breaks"},
		Rollback:   "rollback",
		Unfinished: []string{"unfinished"},
		Answers:    answers,
	}, host.Write(file, text)
}

// What a call came to: a value or an error.
type came struct {
	value any
	err   error
}

func of[T any](value T, err error) came { return came{value, err} }

func tell(seen object, name string, came came) {
	seen[name] = came.value
	if came.err != nil {
		seen[name] = told(came.err)
	}
}

func told(err error) string {
	var failure *skill.Error
	if !errors.As(err, &failure) {
		return err.Error()
	}
	if failure.Kind == skill.ErrTooLarge {
		return fmt.Sprintf("too-large: %d", failure.Size)
	}
	return failure.Error()
}

func logs(host skill.Host) {
	for _, level := range []skill.Level{skill.LevelDebug, skill.LevelInfo, skill.LevelWarn, skill.LevelError} {
		host.Log(level, "a line ü")
	}
	host.Progress("half", 0.5)
	host.Progress("some", skill.Unknown)
}

func models(host skill.Host, seen object) {
	asked := skill.Message{Speaker: skill.User, Parts: []skill.Part{skill.Text("ünï 🦀")}}
	call := skill.ToolCall{ID: "1", Name: "look", Arguments: "{}"}
	said := skill.Message{Speaker: skill.Assistant, Parts: []skill.Part{skill.Text("ü"), skill.Reasoning("because"), call}}
	result := skill.ToolResult{ID: "1", Content: "seen", Failed: true}
	whole := skill.Request{
		Tier:            skill.Standard,
		System:          "a system",
		Messages:        []skill.Message{asked, said, {Speaker: skill.User, Parts: []skill.Part{result}}},
		Tools:           []skill.ToolDefinition{{Name: "look", Description: "Looks.", Parameters: `{"type":"object","properties":{}}`}},
		ToolChoice:      skill.ToolChoiceRequired,
		MaxOutputTokens: 99,
	}
	small := skill.Request{Messages: []skill.Message{asked}}
	dear := skill.Request{Tier: skill.Capable, Messages: []skill.Message{asked}}
	tell(seen, "complete", reply(host.Complete(whole)))
	tell(seen, "complete-all", all(host.CompleteAll([]skill.Request{small, small})))
	tell(seen, "complete-all denied", all(host.CompleteAll([]skill.Request{dear})))
	tell(seen, "complete denied", reply(host.Complete(dear)))
	long := skill.Message{Speaker: skill.User, Parts: []skill.Part{skill.Text(large)}}
	tell(seen, "complete exhausted", reply(host.Complete(skill.Request{Messages: []skill.Message{long}})))
	// The script has said everything.
	tell(seen, "complete failed", reply(host.Complete(small)))
	tell(seen, "window", of(host.Window(skill.Standard)))
	tell(seen, "window denied", of(host.Window(skill.Capable)))
	tell(seen, "remaining", of(host.Remaining(), nil))
}

func reply(reply skill.Reply, err error) came {
	return came{object{"parts": parts(reply.Parts), "stop": reply.Stop, "usage": reply.Usage, "model": reply.Model}, err}
}

func all(completions []skill.Completion) came {
	var each []any
	for _, one := range completions {
		if one.Err != nil {
			each = append(each, told(one.Err))
		} else {
			each = append(each, parts(one.Reply.Parts))
		}
	}
	return came{each, nil}
}

func parts(parts []skill.Part) (each []any) {
	for _, part := range parts {
		switch part := part.(type) {
		case skill.Text:
			each = append(each, object{"text": part})
		case skill.Reasoning:
			each = append(each, object{"reasoning": part})
		case skill.ToolCall:
			each = append(each, object{"tool_call": part})
		case skill.ToolResult:
			each = append(each, object{"tool_result": part})
		}
	}
	return each
}

func commands(host skill.Host, seen object) {
	seen["commands"], seen["granted"] = host.Commands(), host.Granted()
	outcome, err := host.Run("test")
	tell(seen, "run", came{outcome, err})
	tell(seen, "run denied", of(host.Run("deploy")))
	tell(seen, "run with arguments", of(host.Run("test", "x")))
	tell(seen, "output", of(host.Output(outcome.ID, 2)))
	tell(seen, "output invalid", of(host.Output("none", 0)))
}

func changes(host skill.Host, seen object) error {
	files := map[string]string{"src/ü/new.txt": "one\n", "src/greeting.txt": "hello\n", "length": "1\n"}
	for name, text := range files {
		if err := host.Write(name, []byte(text)); err != nil {
			return err
		}
	}
	tell(seen, "entries", of(host.Changes()))
	tell(seen, "diff", of(host.Diff("length")))
	if err := host.Write("src/large.txt", []byte(large)); err != nil {
		return err
	}
	tell(seen, "diff too large", of(host.Diff()))
	if err := host.Remove("src/large.txt"); err != nil {
		return err
	}
	original, err := host.Original("length", 1)
	tell(seen, "original", came{string(original), err})
	tell(seen, "original invalid", of(host.Original("none", 0)))
	commit, err := host.Checkpoint("Half of it")
	tell(seen, "checkpoint", came{len(commit), err})
	return nil
}
