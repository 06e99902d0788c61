// Package spec exports a skill of the kind spec.
package spec

import (
	skill "skillhost/sdk"
	_ "skillhost/sdk/generated/exports/spec"
	"skillhost/sdk/generated/imports/skillhost_skill_spec"
	internal "skillhost/sdk/internal/spec"
	"skillhost/sdk/wit/types"
)

// Export is what a skill calls in its init. Its function drafts, or answers the findings on the last draft.
func Export(spec func(brief skillhost_skill_spec.Brief) (skillhost_skill_spec.Specification, error)) {
	internal.Handler = func(brief skillhost_skill_spec.Brief) internal.Result {
		made, err := spec(brief)
		if err != nil {
			return wit_types.Err[skillhost_skill_spec.Specification](skill.Contract(err))
		}
		return wit_types.Ok[skillhost_skill_spec.Specification, skill.Error](made)
	}
}
