// Package implement is what the generated bindings call.
package implement

import (
	"skillhost/sdk/generated/imports/skillhost_skill_implement"
	"skillhost/sdk/wit/types"
)

// Result is what a call comes to.
type Result = wit_types.Result[skillhost_skill_implement.Summary, skillhost_skill_implement.Error]

// Handler is set by the package implement of the SDK.
var Handler func(brief skillhost_skill_implement.Brief) Result

// Implement is exported to the host.
func Implement(brief skillhost_skill_implement.Brief) Result { return Handler(brief) }
