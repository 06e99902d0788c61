// Package review exports a skill of the kind review.
package review

import (
	skill "skillhost/sdk"
	_ "skillhost/sdk/generated/exports/review"
	"skillhost/sdk/generated/imports/skillhost_skill_review"
	internal "skillhost/sdk/internal/review"
	"skillhost/sdk/wit/types"
)

// Export is what a skill calls in its init. Its function reports findings, and verdicts over earlier ones.
func Export(review func(brief skillhost_skill_review.Brief, subject skillhost_skill_review.Subject) (skillhost_skill_review.Report, error)) {
	internal.Handler = func(brief skillhost_skill_review.Brief, subject skillhost_skill_review.Subject) internal.Result {
		made, err := review(brief, subject)
		if err != nil {
			return wit_types.Err[skillhost_skill_review.Report](skill.Contract(err))
		}
		return wit_types.Ok[skillhost_skill_review.Report, skill.Error](made)
	}
}
