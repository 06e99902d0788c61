// Package review exports a skill of the kind review.
package review

import (
	skill "skillhost/sdk"
	"skillhost/sdk/internal/check"
)

// Review reads with adversarial intent: a spec, or the change where the subject is nil. The host gives it no write access.
type Review func(host skill.Host, brief skill.Brief, subject *skill.Document) (skill.Report, error)

var exported Review

// Export is what a skill calls in its init.
func Export(review Review) { exported = review }

// Call calls a review as the host does, which holds its report to the contract.
func (review Review) Call(host skill.Host, brief skill.Brief, subject *skill.Document) (skill.Report, error) {
	if review == nil {
		return skill.Report{}, skill.Failed("nothing was exported: call review.Export in an init; main is never called")
	}
	made, err := review(host, brief, subject)
	if err != nil {
		return made, err
	}
	return made, check.Report(made)
}
