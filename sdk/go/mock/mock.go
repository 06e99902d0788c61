// Package mock has a host for tests: files in a folder of its own, scripted replies and commands, and a record of what the skill
// did.
//
//	host := mock.New(t, map[string]string{"greeting.txt": "hallo\n"})
//	host.Replies = append(host.Replies, mock.Calls(mock.Call("write", map[string]any{"path": "a.txt", "text": "hello\n"})))
//	summary, err := implement(host, skill.Brief{Goal: "Greet everybody"})
package mock

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	skill "skillhost/sdk"
	"skillhost/sdk/internal/check"
)

// The host's own limits: what it hands over at once of an output and of an original, and its largest diff.
const (
	partBytes     = 64 << 10
	originalBytes = 1 << 20
	maxDiffBytes  = 256 << 10
)

// Host is the mock. Set it up by its fields, run the skill, then look at the same fields.
type Host struct {
	skill.Files
	// The files of the base commit.
	Base map[string]string
	// Globs of files that can't be written.
	ReadOnly []string

	// What the model will say, or how its calls will fail, in order.
	Replies []skill.Completion
	// What was asked of it.
	Requests []skill.Request
	// The model's window, and what is left of the budget.
	Tokens uint64
	Budget skill.Budget

	// The commands that may be run, each with how its runs end; the last one repeats.
	Declared map[string][]Ending
	// Commands that the project declares and no grant covers.
	Forbidden []string
	// Commands that ran, with their arguments.
	Ran []string

	// What was logged, as `warn: text`.
	Logged []string
	// Messages of the checkpoints.
	Checkpoints []string
	// What a person says to a question; the answer by default, where nothing is here.
	Answers map[string]string

	t       testing.TB
	outputs []string
}

var _ skill.Host = (*Host)(nil)

// Ending is how a command ends.
type Ending struct {
	ExitCode int32
	Output   string
}

// New gives a host whose worktree has these files, all of the base commit. The folder is gone when the test ends.
func New(t testing.TB, files map[string]string) *Host {
	host := &Host{Files: skill.Files(t.TempDir()), Base: maps.Clone(files), Tokens: 200_000, t: t}
	for name, text := range files {
		host.Put(name, text)
	}
	return host
}

// Put writes a file that the skill did not write.
func (host *Host) Put(name, text string) {
	host.t.Helper()
	if err := host.Files.Write(name, []byte(text)); err != nil {
		host.t.Fatal(err)
	}
}

// Text is a file as it is now; empty where there is none.
func (host *Host) Text(name string) string {
	content, err := os.ReadFile(filepath.Join(host.Root(), filepath.FromSlash(name)))
	if err != nil && !os.IsNotExist(err) {
		host.t.Helper()
		host.t.Fatal(err)
	}
	return string(content)
}

// Told is all that the model was told and said up to a request, as text.
func (host *Host) Told(request int) string {
	host.t.Helper()
	if request >= len(host.Requests) {
		host.t.Fatalf("the model was asked %d times", len(host.Requests))
	}
	return fmt.Sprint(host.Requests[request].Messages)
}

// Text is a reply of text.
func Text(words string) skill.Completion {
	return skill.Completion{Reply: reply(skill.StopEnd, skill.Text(words))}
}

// Call is a call of a tool; its arguments are anything that encoding/json writes.
func Call(name string, arguments any) skill.ToolCall {
	text, err := json.Marshal(arguments)
	if err != nil {
		text = []byte(err.Error())
	}
	return skill.ToolCall{ID: name, Name: name, Arguments: string(text)}
}

// Calls is a reply that calls tools.
func Calls(calls ...skill.ToolCall) skill.Completion {
	var parts []skill.Part
	for number, call := range calls {
		call.ID = fmt.Sprint(number + 1)
		parts = append(parts, call)
	}
	return skill.Completion{Reply: reply(skill.StopToolCalls, parts...)}
}

// Fails is a call of the model that fails.
func Fails(err error) skill.Completion { return skill.Completion{Err: err} }

func reply(stop skill.Stop, parts ...skill.Part) skill.Reply {
	return skill.Reply{Parts: parts, Stop: stop, Usage: skill.Usage{InputTokens: 900, OutputTokens: 100}, Model: "scripted"}
}

// Write writes a file, unless it is ReadOnly.
func (host *Host) Write(name string, content []byte) error {
	if err := host.mayWrite(name); err != nil {
		return err
	}
	return host.Files.Write(name, content)
}

// Remove removes a file, unless it is ReadOnly.
func (host *Host) Remove(name string) error {
	if err := host.mayWrite(name); err != nil {
		return err
	}
	return host.Files.Remove(name)
}

func (host *Host) mayWrite(name string) error {
	// The same file by another name is as little granted.
	name = path.Clean(strings.TrimLeft(name, "/"))
	for _, glob := range host.ReadOnly {
		if skill.Glob(glob, name) {
			return skill.Denied("no grant of `write` covers %s", name)
		}
	}
	return nil
}

// Log keeps a line in Logged.
func (host *Host) Log(level skill.Level, message string) {
	host.Logged = append(host.Logged, string(level)+": "+message)
}

// Progress does nothing.
func (host *Host) Progress(string, float32) {}

// Complete gives the next of Replies.
func (host *Host) Complete(request skill.Request) (skill.Reply, error) {
	// The skill goes on with its own messages.
	request.Messages = slices.Clone(request.Messages)
	for at, message := range request.Messages {
		request.Messages[at].Parts = slices.Clone(message.Parts)
	}
	host.Requests = append(host.Requests, request)
	if err := check.Request(request); err != nil {
		return skill.Reply{}, err
	}
	if len(host.Replies) == 0 {
		return skill.Reply{}, skill.Failed("the mock has no more replies")
	}
	next := host.Replies[0]
	host.Replies = host.Replies[1:]
	if next.Err == nil {
		spend(host.Budget.Tokens, next.Reply.Usage.InputTokens+next.Reply.Usage.OutputTokens)
	}
	return next.Reply, next.Err
}

func spend(left *uint64, used uint64) {
	if left != nil {
		*left -= min(*left, used)
	}
}

// CompleteAll gives one of Replies for each request.
func (host *Host) CompleteAll(requests []skill.Request) []skill.Completion {
	var all []skill.Completion
	for _, request := range requests {
		reply, err := host.Complete(request)
		all = append(all, skill.Completion{Reply: reply, Err: err})
	}
	return all
}

// Window is Tokens.
func (host *Host) Window(of skill.Tier) (uint64, error) { return host.Tokens, check.Tier(of) }

// Remaining is Budget.
func (host *Host) Remaining() skill.Budget { return host.Budget }

// Commands are those of Declared and Forbidden.
func (host *Host) Commands() []skill.Command {
	var all []skill.Command
	for _, name := range append(host.Granted(), host.Forbidden...) {
		all = append(all, skill.Command{Name: name})
	}
	return all
}

// Granted names those of Declared.
func (host *Host) Granted() []string { return slices.Sorted(maps.Keys(host.Declared)) }

// Run ends as Declared says.
func (host *Host) Run(name string, arguments ...string) (skill.Outcome, error) {
	endings, found := host.Declared[name]
	if slices.Contains(host.Forbidden, name) {
		return skill.Outcome{}, skill.Denied("exec=%s", name)
	}
	if !found {
		return skill.Outcome{}, skill.Invalid("the project declares no such command")
	}
	ending := Ending{}
	if len(endings) > 0 {
		ending = endings[0]
	}
	if len(endings) > 1 {
		host.Declared[name] = endings[1:]
	}
	host.Ran = append(host.Ran, strings.Join(append([]string{name}, arguments...), " "))
	host.outputs = append(host.outputs, ending.Output)
	return skill.Outcome{
		ID:         fmt.Sprint(len(host.outputs)),
		ExitCode:   &ending.ExitCode,
		Output:     ending.Output[max(0, len(ending.Output)-partBytes):],
		OutputSize: uint64(len(ending.Output)),
		DurationMS: 5,
	}, nil
}

// Output is what a run printed.
func (host *Host) Output(id string, offset uint64) (string, error) {
	for at, output := range host.outputs {
		if id == fmt.Sprint(at+1) {
			return part(output, offset, partBytes), nil
		}
	}
	return "", skill.Invalid("there is no output %s", id)
}

func part(text string, offset, most uint64) string {
	size := uint64(len(text))
	from := min(offset, size)
	return text[from:min(size, from+most)]
}

// Changes compares the files with those of Base.
func (host *Host) Changes() ([]skill.Change, error) {
	files, _, err := host.Walk()
	if err != nil {
		return nil, err
	}
	var changes []skill.Change
	for _, name := range files {
		if before, found := host.Base[name]; !found {
			changes = append(changes, skill.Change{Path: name, Kind: skill.ChangeAdded})
		} else if before != host.Text(name) {
			changes = append(changes, skill.Change{Path: name, Kind: skill.ChangeModified})
		}
	}
	for name := range host.Base {
		if !slices.Contains(files, name) {
			changes = append(changes, skill.Change{Path: name, Kind: skill.ChangeDeleted})
		}
	}
	slices.SortFunc(changes, func(a, b skill.Change) int { return strings.Compare(a.Path, b.Path) })
	return changes, nil
}

// Diff compares the files with those of Base.
func (host *Host) Diff(paths ...string) (string, error) {
	changes, err := host.Changes()
	if err != nil {
		return "", err
	}
	var whole strings.Builder
	for _, change := range changes {
		if len(paths) == 0 || slices.Contains(paths, change.Path) {
			whole.WriteString(skill.Diff(change.Path, host.Base[change.Path], host.Text(change.Path)))
		}
	}
	if whole.Len() > maxDiffBytes {
		return "", &skill.Error{Kind: skill.ErrTooLarge, Size: uint64(whole.Len())}
	}
	return whole.String(), nil
}

// Original is a file of Base.
func (host *Host) Original(path string, offset uint64) ([]byte, error) {
	text, found := host.Base[path]
	if !found {
		return nil, skill.Invalid("%s is not in the base commit", path)
	}
	return []byte(part(text, offset, originalBytes)), nil
}

// Checkpoint keeps the message in Checkpoints.
func (host *Host) Checkpoint(message string, _ ...string) (string, error) {
	host.Checkpoints = append(host.Checkpoints, message)
	return fmt.Sprintf("%040x", len(host.Checkpoints)), nil
}

// Ask says what Answers has.
func (host *Host) Ask(question string, _ []string, byDefault string) (string, error) {
	if answer, found := host.Answers[question]; found {
		return answer, nil
	}
	return byDefault, nil
}
