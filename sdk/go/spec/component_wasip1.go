package spec

import (
	_ "skillhost/sdk/generated/exports/spec"
	"skillhost/sdk/generated/imports/skillhost_skill_spec"
	"skillhost/sdk/internal/contract"
	internal "skillhost/sdk/internal/spec"
)

func init() {
	internal.Handler = func(brief skillhost_skill_spec.Brief) internal.Result {
		made, err := exported.Call(contract.Host, contract.Brief(brief))
		return contract.Result(made, err, contract.Specification)
	}
}
