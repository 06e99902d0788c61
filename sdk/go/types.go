package skill

// Document is a text file, by its path relative to the worktree's root.
type Document struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// Severity is how bad a finding is. Blockers and majors go back to the author; after the last round an open blocker ends the
// run, and open majors keep the pull request a draft.
type Severity string

// The severities, from least to most.
const (
	Nit     Severity = "nit"
	Minor   Severity = "minor"
	Major   Severity = "major"
	Blocker Severity = "blocker"
)

// Choices are all severities, for a JSON Schema.
func (Severity) Choices() []string { return []string{"nit", "minor", "major", "blocker"} }

// Location is a place in the worktree.
type Location struct {
	Path string `json:"path"`
	// 1-based; 0 where it is the whole file.
	Line uint32 `json:"line,omitempty"`
}

// Finding is what a review found. What is empty of the last four is left out.
type Finding struct {
	// Given by the host; empty in what a review returns.
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	// What it is about: "routing", "caching", "failure-modes", "consent", …
	Category string `json:"category"`
	Message  string `json:"message"`

	At *Location `json:"at"`
	// Verbatim text at that place, by which the host checks the finding.
	Quote      string `json:"quote,omitempty"`
	Suggestion string `json:"suggestion,omitempty"`
}

// Answer is what the author of the reviewed work says to a finding.
type Answer struct {
	Finding string `json:"finding" doc:"the id of an open finding"`
	Text    string `json:"text"`
}

// Gate is what a command showed about the proposed commit. Made by the host, in a fresh checkout; nothing that a skill says
// can stand in for it.
type Gate struct {
	Evidence string `json:"evidence"`
	// The declared command.
	Name string `json:"name"`
	// nil where a signal or a limit ended it.
	ExitCode *int32 `json:"exit_code"`
	// Tests that it ran; nil where its output does not tell.
	Tests *uint32 `json:"tests"`
	// The end of its output, at most 64 KiB.
	Output string `json:"output"`
}

// Passed says whether it ended with exit code 0.
func (gate Gate) Passed() bool { return gate.ExitCode != nil && *gate.ExitCode == 0 }

// Step is one step of the plan.
type Step struct {
	// Unique within the plan: "1.2".
	ID           string `json:"id"`
	Title        string `json:"title"`
	Instructions string `json:"instructions"`
	// Globs of the files that it will touch.
	Files []string `json:"files"`
	// Ids of the steps that must be done first.
	After []string `json:"after"`
	// Ids of the criteria that it serves.
	Criteria []string `json:"criteria"`
}

// Criterion is a statement that must hold before the change is accepted.
type Criterion struct {
	ID        string `json:"id"`
	Statement string `json:"statement"`
	// The declared command that shows it; empty where none can.
	Command string `json:"command,omitempty"`
}

// Brief is what an agent is told: all of it, and nothing else.
type Brief struct {
	Run   string `json:"run"`
	Agent string `json:"agent"`
	Goal  string `json:"goal"`
	// Commit that the worktree was made from, in hex.
	Base string `json:"base"`
	// AGENTS.md and the guides that its task router names for this goal.
	Conventions []Document `json:"conventions"`
	// nil where there is none.
	Spec *Document `json:"spec"`
	// Empty unless this agent was given a part of the plan.
	Steps    []Step      `json:"steps"`
	Criteria []Criterion `json:"criteria"`
	// Findings of earlier reviews that are still open.
	Findings []Finding `json:"findings"`
	// The author's answers to them; a reviewer decides.
	Answers []Answer `json:"answers"`
	// Where the change was verified already.
	Gates []Gate `json:"gates"`
}

// Specification is what a skill of the kind spec returns.
type Specification struct {
	Document Document
	Steps    []Step
	Criteria []Criterion
	// Questions that only a person can answer, each with the default taken.
	Assumptions []string
	Answers     []Answer
}

// Verdict decides over an earlier finding. Only a reviewer can close one.
type Verdict struct {
	Finding string `json:"finding"`
	Closed  bool   `json:"closed"`
	Reason  string `json:"reason"`
}

// Report is what a skill of the kind review returns.
type Report struct {
	Findings []Finding
	Verdicts []Verdict
}

// Summary is what a skill of the kind implement returns.
type Summary struct {
	// Imperative, at most 72 characters: the commit's subject line.
	Title    string
	What     string
	Why      string
	Breaking []string
	// How to go back.
	Rollback string
	// What was left undone, and why.
	Unfinished []string
	Answers    []Answer
}

// CheckOutcome is how a check ended.
type CheckOutcome string

// The outcomes of a check.
const (
	CheckPassed CheckOutcome = "passed"
	CheckFailed CheckOutcome = "failed"
	CheckNotRun CheckOutcome = "not-run"
)

// Check is what a skill of the kind verify says of one criterion, or of something of its own.
type Check struct {
	// A criterion's id, or a name of its own.
	ID      string
	Outcome CheckOutcome
	// Ids of the gates that show it. The host counts a check without any as not run, whatever it claims.
	Evidence []string
	Detail   string
}
