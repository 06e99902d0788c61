// {{name}}: reviews a spec or a change with one question to a model. The host checks the quote of each finding.
package main

import (
	"slices"

	skill "skillhost/sdk"
	"skillhost/sdk/agent"
	"skillhost/sdk/review"
)

func init() { review.Export(look) }

func main() {}

const system = `You review with adversarial intent: what would go wrong in use? Report only what you can quote, with a verbatim
text from the place.`

// What the model replies.
type report struct {
	Findings []found  `json:"findings"`
	Closed   []string `json:"closed" doc:"the ids of open findings that are dealt with"`
}

type found struct {
	Severity skill.Severity `json:"severity"`
	Category string         `json:"category" doc:"one word, as in edge-cases"`
	Path     string         `json:"path"`
	Quote    string         `json:"quote" doc:"verbatim from there"`
	Message  string         `json:"message"`
}

func look(host skill.Host, brief skill.Brief, subject *skill.Document) (skill.Report, error) {
	conversation := agent.New(host, system)
	conversation.Tell(brief.Markdown())
	shown := ""
	if subject != nil {
		shown = "# To review: " + subject.Path + "\n" + subject.Text
	} else {
		change, err := agent.Change(host)
		if err != nil {
			return skill.Report{}, err
		}
		shown = "# To review: the change\n" + change
	}
	said, err := agent.AskFor[report](conversation, shown)
	if err != nil {
		return skill.Report{}, err
	}
	var made skill.Report
	for _, found := range said.Findings {
		made.Findings = append(made.Findings, skill.Finding{
			Severity: found.Severity,
			Category: found.Category,
			Message:  found.Message,
			At:       &skill.Location{Path: found.Path},
			Quote:    found.Quote,
		})
	}
	// Only a reviewer can close an earlier finding.
	for _, finding := range brief.Findings {
		verdict := skill.Verdict{Finding: finding.ID, Reason: "still open"}
		if slices.Contains(said.Closed, finding.ID) {
			verdict.Closed, verdict.Reason = true, "dealt with"
		}
		made.Verdicts = append(made.Verdicts, verdict)
	}
	return made, nil
}
