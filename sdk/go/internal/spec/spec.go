// Package spec is what the generated bindings call.
package spec

import (
	"skillhost/sdk/generated/imports/skillhost_skill_spec"
	"skillhost/sdk/wit/types"
)

// Result is what a call comes to.
type Result = wit_types.Result[skillhost_skill_spec.Specification, skillhost_skill_spec.Error]

// Handler is set by the package spec of the SDK.
var Handler func(brief skillhost_skill_spec.Brief) Result

// Draft is exported to the host.
func Draft(brief skillhost_skill_spec.Brief) Result { return Handler(brief) }
