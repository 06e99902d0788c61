// Package review is what the generated bindings call.
package review

import (
	"skillhost/sdk/generated/imports/skillhost_skill_review"
	"skillhost/sdk/wit/types"
)

// Result is what a call comes to.
type Result = wit_types.Result[skillhost_skill_review.Report, skillhost_skill_review.Error]

// Handler is set by the package review of the SDK.
var Handler func(brief skillhost_skill_review.Brief, subject skillhost_skill_review.Subject) Result

// Review is exported to the host.
func Review(brief skillhost_skill_review.Brief, subject skillhost_skill_review.Subject) Result {
	return Handler(brief, subject)
}
