// Package verify is what the generated bindings call.
package verify

import (
	"skillhost/sdk/generated/imports/skillhost_skill_verify"
	"skillhost/sdk/wit/types"
)

// Result is what a call comes to.
type Result = wit_types.Result[[]skillhost_skill_verify.Check, skillhost_skill_verify.Error]

// Handler is set by the package verify of the SDK.
var Handler func(brief skillhost_skill_verify.Brief) Result

// Verify is exported to the host.
func Verify(brief skillhost_skill_verify.Brief) Result { return Handler(brief) }
