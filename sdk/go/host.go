package skill

// Level is how loud a line of the log is.
type Level string

// The levels.
const (
	LevelDebug Level = "debug"
	LevelInfo  Level = "info"
	LevelWarn  Level = "warn"
	LevelError Level = "error"
)

// Unknown is the fraction of what has no known end.
const Unknown = -1

// Command is one that the project declares.
type Command struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Outcome is what came of a command.
type Outcome struct {
	// For Host.Output.
	ID string `json:"id"`
	// nil where a signal or a limit ended it.
	ExitCode *int32 `json:"exit_code"`
	// The end of what it printed, at most 64 KiB.
	Output     string `json:"output"`
	OutputSize uint64 `json:"output_size"`
	DurationMS uint64 `json:"duration_ms"`
}

// Passed says whether it ended with exit code 0.
func (outcome Outcome) Passed() bool { return outcome.ExitCode != nil && *outcome.ExitCode == 0 }

// ChangeKind is what happened to a file since the base commit.
type ChangeKind string

// The kinds of change.
const (
	ChangeAdded    ChangeKind = "added"
	ChangeModified ChangeKind = "modified"
	ChangeDeleted  ChangeKind = "deleted"
	ChangeRenamed  ChangeKind = "renamed"
)

// Change is a file that differs from the base commit.
type Change struct {
	Path string     `json:"path"`
	Kind ChangeKind `json:"kind"`
}

// Host is everything that a skill can reach. A skill gets it as its first argument, which is what makes it testable: the same
// function runs over the real host, and over a mock.Host in `go test`.
//
// What was not granted fails with ErrDenied. Errors are those of the contract, and hold with errors.Is.
type Host interface {
	// Log writes a line for people.
	Log(level Level, message string)
	// Progress tells what the skill is doing; the fraction is between 0 and 1, or Unknown.
	Progress(message string, fraction float32)

	// Complete is one call of a model.
	Complete(request Request) (Reply, error)
	// CompleteAll makes several calls side by side, and gives what came of them in the order of the requests.
	CompleteAll(requests []Request) []Completion
	// Window is the number of tokens that a request and its reply may have together.
	Window(tier Tier) (uint64, error)
	// Remaining is what is left of the budget.
	Remaining() Budget

	// Commands are the declared ones, whether this skill may run them or not.
	Commands() []Command
	// Granted names those that it may run.
	Granted() []string
	// Run runs a declared command; arguments need a grant of their own.
	Run(name string, arguments ...string) (Outcome, error)
	// Output is a part of what a run or a gate printed: 64 KiB from the byte offset on, less only at its end.
	Output(id string, offset uint64) (string, error)

	// Changes are the files that differ from the base commit.
	Changes() ([]Change, error)
	// Diff is a unified diff against the base commit, of all files where none is named. At most 256 KiB, else ErrTooLarge.
	Diff(paths ...string) (string, error)
	// Original is a file as it was at the base commit, at most 1 MiB from the byte offset on.
	Original(path string, offset uint64) ([]byte, error)
	// Checkpoint commits to the agent's own branch, and gives the commit. What a command made is committed where also names it.
	Checkpoint(message string, also ...string) (string, error)

	// Ask asks a person. An unattended run records the answer by default instead.
	Ask(question string, options []string, byDefault string) (string, error)

	// Root is the folder of the worktree, for package os.
	Root() string
	// Read reads a whole file. ErrTooLarge, with its size, where it has more than MaxFileBytes.
	Read(path string) ([]byte, error)
	// ReadText reads a whole text file. ErrInvalid where it is not UTF-8.
	ReadText(path string) (string, error)
	// Write writes a whole file, and makes its folders.
	Write(path string, content []byte) error
	// Remove removes a file.
	Remove(path string) error
	// Walk lists the regular files, sorted; complete is false where there were more than it looks at.
	Walk() (files []string, complete bool, err error)
}
