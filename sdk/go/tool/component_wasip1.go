package tool

import (
	_ "skillhost/sdk/generated/exports/tool"
	"skillhost/sdk/internal/contract"
	internal "skillhost/sdk/internal/tool"
)

func init() {
	internal.Handler = func(name, arguments string) internal.Result {
		answer, err := exported.Call(contract.Host, name, arguments)
		return contract.Result(answer, err, func(text string) string { return text })
	}
}
