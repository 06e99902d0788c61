// {{name}}: makes a change with a model that reads and edits, and says what it did. The host commits what it wrote, runs the
// gates, and believes nothing else.
package main

import (
	skill "skillhost/sdk"
	"skillhost/sdk/agent"
	"skillhost/sdk/implement"
)

func init() { implement.Export(change) }

func main() {}

const system = `You make one change to a repository with the tools that you have. Read what you change before you change it. When
everything is done, call finish.`

// What the model says at the end.
type summary struct {
	Title   string         `json:"title" doc:"imperative, at most 72 characters"`
	What    string         `json:"what"`
	Why     string         `json:"why"`
	Answers []skill.Answer `json:"answers,omitempty" doc:"to each open finding"`
}

func change(host skill.Host, brief skill.Brief) (skill.Summary, error) {
	var said summary
	tools := append(agent.Editing(host), agent.Finish("finish", "Ends the work.", &said, titled))
	if err := agent.New(host, system).Run(brief.Markdown(), 60, tools...); err != nil {
		return skill.Summary{}, err
	}
	return skill.Summary{
		Title:    said.Title,
		What:     said.What,
		Why:      said.Why,
		Rollback: "Revert the commit.",
		Answers:  said.Answers,
	}, nil
}

func titled(said summary) error {
	if length := len([]rune(said.Title)); length < 1 || length > 72 {
		return skill.Invalid("`title` needs 1 to 72 characters")
	}
	return nil
}
