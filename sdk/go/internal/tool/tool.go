// Package tool is what the generated bindings call.
package tool

import (
	"skillhost/sdk/generated/imports/skillhost_skill_types"
	"skillhost/sdk/wit/types"
)

// Result is what a call comes to.
type Result = wit_types.Result[string, skillhost_skill_types.Error]

// Handler is set by the package tool of the SDK.
var Handler func(name, arguments string) Result

// Call is exported to the host.
func Call(name, arguments string) Result { return Handler(name, arguments) }
