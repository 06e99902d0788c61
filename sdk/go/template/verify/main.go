// {{name}}: counts a criterion as shown where the gate of its command ended well.
package main

import (
	skill "skillhost/sdk"
	"skillhost/sdk/generated/imports/skillhost_skill_verify"
	"skillhost/sdk/verify"
)

func init() { verify.Export(judge) }

func main() {}

func judge(brief skill.Brief) ([]skillhost_skill_verify.Check, error) {
	checks := []skillhost_skill_verify.Check{}
	for _, criterion := range brief.Criteria {
		check := skillhost_skill_verify.Check{Id: criterion.Id, Outcome: skillhost_skill_verify.Outcome_NotRun}
		for _, gate := range brief.Gates {
			if criterion.Command.IsSome() && criterion.Command.Some() != gate.Name {
				continue
			}
			// One gate that failed is enough; a gate's own evidence is all that counts for the host.
			check.Outcome, check.Evidence = skillhost_skill_verify.Outcome_Passed, []string{gate.Evidence}
			if gate.ExitCode.SomeOr(1) != 0 {
				check.Outcome = skillhost_skill_verify.Outcome_Failed
				break
			}
		}
		checks = append(checks, check)
	}
	return checks, nil
}
