// Package implement exports a skill of the kind implement.
package implement

import (
	skill "skillhost/sdk"
	_ "skillhost/sdk/generated/exports/implement"
	"skillhost/sdk/generated/imports/skillhost_skill_implement"
	internal "skillhost/sdk/internal/implement"
	"skillhost/sdk/wit/types"
)

// Export is what a skill calls in its init. Its function makes the change, and says what it did.
func Export(implement func(brief skillhost_skill_implement.Brief) (skillhost_skill_implement.Summary, error)) {
	internal.Handler = func(brief skillhost_skill_implement.Brief) internal.Result {
		made, err := implement(brief)
		if err != nil {
			return wit_types.Err[skillhost_skill_implement.Summary](skill.Contract(err))
		}
		return wit_types.Ok[skillhost_skill_implement.Summary, skill.Error](made)
	}
}
