// Package review exports a skill of the kind review.
package review

import skill "skillhost/sdk"

// Review reads with adversarial intent: a spec, or the change where the subject is nil. The host gives it no write access.
type Review func(host skill.Host, brief skill.Brief, subject *skill.Document) (skill.Report, error)

var exported Review

// Export is what a skill calls in its init.
func Export(review Review) { exported = review }
