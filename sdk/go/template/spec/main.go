// {{name}}: writes the spec of a change with a model that has read the repository.
package main

import (
	"fmt"

	skill "skillhost/sdk"
	"skillhost/sdk/agent"
	"skillhost/sdk/spec"
)

func init() { spec.Export(draft) }

func main() {}

const system = `You write the specification of a change, for others to implement. Look at the repository with the tools that you
have. Then call finish with the whole document, which keeps the headings that the template has, a plan in steps, and criteria
that say when the change is done.`

// What the model says at the end.
type plan struct {
	Document string      `json:"document" doc:"Markdown"`
	Steps    []step      `json:"steps"`
	Criteria []criterion `json:"criteria"`
}

type step struct {
	Title        string   `json:"title"`
	Instructions string   `json:"instructions"`
	Files        []string `json:"files" doc:"globs of the files that it will touch"`
}

type criterion struct {
	Statement string `json:"statement"`
	Command   string `json:"command,omitempty" doc:"the declared command that shows it, if one can"`
}

func draft(host skill.Host, brief skill.Brief) (skill.Specification, error) {
	var said plan
	tools := append(agent.Reading(host), agent.Finish("finish", "Ends the work.", &said, whole))
	if err := agent.New(host, system).Run(brief.Markdown(), 40, tools...); err != nil {
		return skill.Specification{}, err
	}
	made := skill.Specification{Document: skill.Document{Path: "SPEC.md", Text: said.Document}}
	if brief.Spec != nil {
		made.Document.Path = brief.Spec.Path
	}
	for index, step := range said.Steps {
		made.Steps = append(made.Steps, skill.Step{
			ID:           fmt.Sprint(index + 1),
			Title:        step.Title,
			Instructions: step.Instructions,
			Files:        step.Files,
		})
	}
	for index, criterion := range said.Criteria {
		id := fmt.Sprintf("C%d", index+1)
		made.Criteria = append(made.Criteria, skill.Criterion{ID: id, Statement: criterion.Statement, Command: criterion.Command})
	}
	return made, nil
}

func whole(said plan) error {
	if said.Document == "" || len(said.Steps) == 0 {
		return skill.Invalid("`document` is text, and `steps` has one at least")
	}
	return nil
}
