package tests

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	skill "skillhost/sdk"
	"skillhost/sdk/agent"
	"skillhost/sdk/mock"
)

type done struct {
	Word string `json:"word"`
}

// Runs a loop over these replies, with the tools for files and one that ends it.
func run(host *mock.Host, turns int, replies ...skill.Completion) (string, error) {
	host.Replies = replies
	var said done
	refuses := func(said done) error {
		if said.Word == "bad" {
			return skill.Invalid("that is a bad word")
		}
		return nil
	}
	tools := append(agent.Editing(host), agent.Running(host), agent.Finish("finish", "Ends it.", &said, refuses))
	err := agent.New(host, "You edit.").Run("Begin.", turns, tools...)
	return said.Word, err
}

func finish(word string) skill.Completion { return mock.Calls(mock.Call("finish", done{word})) }

// Fails the test unless all of these were told up to a request.
func told(t *testing.T, host *mock.Host, request int, texts ...string) {
	t.Helper()
	all := host.Told(request)
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("%s is not in %s", text, all)
		}
	}
}

func TestTheLoopRunsToolsUntilOneFinishes(t *testing.T) {
	host := mock.New(t, map[string]string{"a.txt": "one\ntwo\n", "src/b.go": "package b // two\n"})
	host.Declared = map[string][]mock.Ending{"test": {{ExitCode: 1, Output: "1 failed"}}}
	word, err := run(host, 9,
		mock.Calls(mock.Call("list", struct{}{}), mock.Call("search", map[string]any{"text": "two", "glob": nil})),
		mock.Calls(mock.Call("read", map[string]any{"path": "a.txt", "from": 2})),
		mock.Calls(mock.Call("edit", map[string]any{"path": "a.txt", "old": "two", "new": "2"})),
		mock.Calls(mock.Call("write", map[string]any{"path": "new/c", "text": "c"}), mock.Call("run", map[string]any{"name": "test"})),
		finish("bad"),
		finish("well"),
	)
	if word != "well" || err != nil || host.Text("a.txt") != "one\n2\n" || host.Text("new/c") != "c" {
		t.Fatal(word, err, host.Text("a.txt"))
	}
	told(t, host, 1, "a.txt\nsrc/b.go\n", "a.txt:2: two", "src/b.go:1: package b // two")
	told(t, host, 2, "2\ttwo\n")
	told(t, host, 3, "-two\n+2\n")
	told(t, host, 4, "new/c is written", "exit code 1\n1 failed")
	told(t, host, 5, "that is a bad word")
	asked := host.Requests[0]
	if asked.System != "You edit." || len(asked.Tools) != 7 || asked.Tools[6].Name != "finish" {
		t.Error(asked)
	}
}

func TestWhatAModelGetsWrongIsToldToIt(t *testing.T) {
	broken := skill.ToolCall{Name: "finish", Arguments: `{"word"`}
	host := mock.New(t, nil)
	word, err := run(host, 9,
		mock.Calls(mock.Call("fly", struct{}{}), mock.Call("read", map[string]any{"path": "none"})),
		mock.Text("I am done."),
		mock.Calls(broken, mock.Call("finish", map[string]any{"words": 1}), mock.Call("list", struct{}{})),
		finish("well"),
	)
	if word != "well" || err != nil {
		t.Fatal(word, err)
	}
	told(t, host, 1, "there is no tool `fly`; the tools are list, search, read, write, edit, run, finish", "none does not exist")
	told(t, host, 2, "Nothing was called.")
	told(t, host, 3, "the arguments are not JSON", "`word` is missing")
	// Servers reject what is not JSON, even where they sent it.
	if strings.Contains(host.Told(3), `{"word"`) {
		t.Error(host.Told(3))
	}
}

func TestWhatIsCutOffIsNotDone(t *testing.T) {
	cut := mock.Calls(mock.Call("write", map[string]any{"path": "a", "text": "a"}), mock.Call("write", map[string]any{"path": "b", "text": "h"}))
	cut.Reply.Stop = skill.StopLength
	long := mock.Text("So I thought")
	long.Reply.Stop = skill.StopLength
	host := mock.New(t, nil)
	if _, err := run(host, 9, cut, long, finish("well")); err != nil || host.Text("a") != "a" || host.Text("b") != "" {
		t.Error(err)
	}
	told(t, host, 1, "your reply was cut off for its length, so this call")
	told(t, host, 2, "Say it again, shorter.")
}

// Servers reject calls that nothing answers.
func TestAConversationGoesOnAfterItsLoop(t *testing.T) {
	host := mock.New(t, nil)
	var said done
	finish := agent.Finish("finish", "Ends it.", &said)
	stop := agent.NewTool("stop", "Stops.", func(struct{}) (string, error) { return "", skill.Exhausted("patience") })
	late := agent.NewTool("late", "Comes late.", func(struct{}) (string, error) { t.Error("it ran"); return "", nil })
	for _, ends := range []skill.ToolCall{mock.Call("finish", done{"well"}), mock.Call("stop", struct{}{})} {
		host.Replies = append(host.Replies, mock.Calls(ends, mock.Call("late", struct{}{})), mock.Text("Bye."))
		talk := agent.New(host, "")
		if err := talk.Run("Begin.", 9, finish, stop, late); (err != nil) != (ends.Name == "stop") {
			t.Error(err)
		}
		if _, err := talk.Ask("And now?"); err != nil {
			t.Error(err)
		}
		var results []skill.ToolResult
		for _, message := range host.Requests[len(host.Requests)-1].Messages {
			for _, part := range message.Parts {
				if result, isResult := part.(skill.ToolResult); isResult {
					results = append(results, result)
				}
			}
		}
		if len(results) != 2 || results[0].ID != "1" || results[0].Failed != (ends.Name == "stop") || !results[1].Failed {
			t.Error(results)
		}
	}
	if said.Word != "well" {
		t.Error(said)
	}
}

func TestALoopThatLeadsNowhereEnds(t *testing.T) {
	again := mock.Calls(mock.Call("list", struct{}{}))
	for _, one := range []struct {
		turns   int
		reply   skill.Completion
		failure string
	}{
		{9, mock.Text("Hm."), "failed: the model replied 3 times without calling a tool"},
		{9, mock.Calls(skill.ToolCall{Name: "list", Arguments: "["}), "failed: the model's tool calls could not be read 3 times in a row"},
		{9, mock.Fails(skill.Exhausted("tokens")), "exhausted: tokens"},
		{5, again, "exhausted: 5 turns"},
		{9, skill.Completion{Reply: skill.Reply{Stop: skill.StopRefused, Model: "m", Parts: []skill.Part{skill.Text("No.")}}}, "failed: m refused: No."},
	} {
		host := mock.New(t, nil)
		var replies []skill.Completion
		for range one.turns {
			replies = append(replies, one.reply)
		}
		if _, err := run(host, one.turns, replies...); err == nil || err.Error() != one.failure {
			t.Errorf("%s: %v", one.failure, err)
		}
		if one.turns == 5 {
			told(t, host, 4, "This is the last turn", "the same call was made 3 times in a row")
		}
	}
}

func TestTheEndOfTheRunEndsTheLoop(t *testing.T) {
	host := mock.New(t, nil)
	host.Replies = append(host.Replies, mock.Calls(mock.Call("stop", struct{}{})))
	stop := agent.NewTool("stop", "Stops.", func(struct{}) (string, error) { return "", fmt.Errorf("now: %w", skill.ErrCancelled) })
	if err := agent.New(host, "").Run("Begin.", 9, stop); !errors.Is(err, skill.ErrCancelled) {
		t.Error(err)
	}
	wrong := agent.NewTool("wrong", "Has no schema.", func(chan int) (string, error) { return "", nil })
	if err := agent.New(host, "").Run("Begin.", 9, wrong); err == nil || !strings.Contains(err.Error(), "the tool wrong: chan int") {
		t.Error(err)
	}
}

func TestOldResultsMakeRoom(t *testing.T) {
	host := mock.New(t, map[string]string{"a.txt": strings.Repeat("0123456789\n", 1500)})
	host.Tokens = 50_000
	var replies []skill.Completion
	for line := 1; line <= 40; line++ {
		replies = append(replies, mock.Calls(mock.Call("read", map[string]any{"path": "a.txt", "from": line})))
	}
	if _, err := run(host, 50, append(replies, finish("well"))...); err != nil {
		t.Fatal(err)
	}
	last := host.Told(40)
	if !strings.Contains(last, "[dropped, since") || !strings.Contains(last, "40\t0123456789") || len(last) > 50_000*3 {
		t.Error(len(last))
	}
	host.Put("b.txt", strings.Repeat("x", 20_000))
	host.Tokens = 1000
	if _, err := run(host, 9, mock.Calls(mock.Call("read", map[string]any{"path": "b.txt"})), finish("well")); !errors.Is(err, skill.ErrExhausted) {
		t.Error(err)
	}
}

func TestAValueIsAskedForTwice(t *testing.T) {
	host := mock.New(t, nil)
	host.Replies = append(host.Replies, mock.Text("Later."), mock.Text(`{"word":"well"}`))
	if said, err := agent.AskFor[done](agent.New(host, ""), "What?"); err != nil || said.Word != "well" {
		t.Error(said, err)
	}
	told(t, host, 1, "That does not fit: invalid: this is not JSON")
	if !strings.Contains(host.Requests[0].Schema, `"required":["word"]`) {
		t.Error(host.Requests[0].Schema)
	}
	host.Replies = append(host.Replies, mock.Text("Later."), mock.Text("Never."))
	if _, err := agent.AskFor[done](agent.New(host, ""), "What?"); err == nil || err.Error() != "failed: the model gave no fitting answer" {
		t.Error(err)
	}
	host.Replies = append(host.Replies, mock.Text("A word."))
	if said, err := agent.New(host, "").Ask("Say something."); err != nil || said != "A word." {
		t.Error(said, err)
	}
}

func TestAChangeThatIsTooLargeIsShownInParts(t *testing.T) {
	host := mock.New(t, nil)
	host.Put("a.txt", "a\n")
	if change, err := agent.Change(host); err != nil || !strings.Contains(change, "+a\n") {
		t.Error(change, err)
	}
	host.Put("large.txt", strings.Repeat("b\n", 200_000))
	change, err := agent.Change(host)
	if err != nil || !strings.Contains(change, "+a\n") || !strings.Contains(change, "large.txt: too large to show\n") {
		t.Error(skill.Clip(change, 300), err)
	}
	if len(host.Logged) != 1 || !strings.HasPrefix(host.Logged[0], "warn: large.txt is left out") {
		t.Error(host.Logged)
	}
}
