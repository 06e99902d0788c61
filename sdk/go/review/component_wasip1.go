package review

import (
	_ "skillhost/sdk/generated/exports/review"
	"skillhost/sdk/generated/imports/skillhost_skill_review"
	"skillhost/sdk/internal/contract"
	internal "skillhost/sdk/internal/review"
)

func init() {
	internal.Handler = func(brief skillhost_skill_review.Brief, subject skillhost_skill_review.Subject) internal.Result {
		made, err := exported.Call(contract.Host, contract.Brief(brief), contract.Subject(subject))
		return contract.Result(made, err, contract.Report)
	}
}
