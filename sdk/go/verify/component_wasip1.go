package verify

import (
	_ "skillhost/sdk/generated/exports/verify"
	"skillhost/sdk/generated/imports/skillhost_skill_verify"
	"skillhost/sdk/internal/contract"
	internal "skillhost/sdk/internal/verify"
)

func init() {
	internal.Handler = func(brief skillhost_skill_verify.Brief) internal.Result {
		made, err := exported.Call(contract.Host, contract.Brief(brief))
		return contract.Result(made, err, contract.Checks)
	}
}
