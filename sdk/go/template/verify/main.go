// {{name}}: judges what the gates showed. The host ran them already; a check counts only with the evidence of one.
package main

import (
	skill "skillhost/sdk"
	"skillhost/sdk/verify"
)

func init() { verify.Export(judge) }

func main() {}

// A check for each criterion.
func judge(_ skill.Host, brief skill.Brief) ([]skill.Check, error) {
	var checks []skill.Check
	for _, criterion := range brief.Criteria {
		checks = append(checks, check(criterion, brief.Gates))
	}
	return checks, nil
}

// It holds where its own command ran, each time with exit code 0.
func check(criterion skill.Criterion, gates []skill.Gate) skill.Check {
	check := skill.Check{ID: criterion.ID, Outcome: skill.CheckNotRun}
	for _, gate := range gates {
		if gate.Name != criterion.Command {
			continue
		}
		check.Evidence = append(check.Evidence, gate.Evidence)
		if !gate.Passed() {
			check.Outcome = skill.CheckFailed
		} else if check.Outcome == skill.CheckNotRun {
			check.Outcome = skill.CheckPassed
		}
	}
	return check
}
