// Package verify exports a skill of the kind verify.
package verify

import (
	skill "skillhost/sdk"
	_ "skillhost/sdk/generated/exports/verify"
	"skillhost/sdk/generated/imports/skillhost_skill_verify"
	internal "skillhost/sdk/internal/verify"
	"skillhost/sdk/wit/types"
)

// Export is what a skill calls in its init. Its function judges what the gates showed.
func Export(verify func(brief skillhost_skill_verify.Brief) ([]skillhost_skill_verify.Check, error)) {
	internal.Handler = func(brief skillhost_skill_verify.Brief) internal.Result {
		made, err := verify(brief)
		if err != nil {
			return wit_types.Err[[]skillhost_skill_verify.Check](skill.Contract(err))
		}
		return wit_types.Ok[[]skillhost_skill_verify.Check, skill.Error](made)
	}
}
