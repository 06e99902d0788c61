package implement

import (
	_ "skillhost/sdk/generated/exports/implement"
	"skillhost/sdk/generated/imports/skillhost_skill_implement"
	"skillhost/sdk/internal/contract"
	internal "skillhost/sdk/internal/implement"
)

func init() {
	internal.Handler = func(brief skillhost_skill_implement.Brief) internal.Result {
		made, err := exported.Call(contract.Host, contract.Brief(brief))
		return contract.Result(made, err, contract.Summary)
	}
}
