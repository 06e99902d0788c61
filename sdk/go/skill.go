// Package skill is the SDK for skills written in Go: the host's functions, errors, and the files of the worktree.
//
// A skill exports its kind with one of the packages tool, spec, review, implement and verify:
//
//	func init() { tool.Export(tool.Tools{"count-lines": count}) }
//
//	func main() {}
package skill

import (
	"errors"
	"fmt"
	"io/fs"

	"skillhost/sdk/generated/imports/skillhost_skill_log"
	"skillhost/sdk/generated/imports/skillhost_skill_types"
)

// What the contract's types are called here. The host's other interfaces are in generated/imports.
type (
	Answer    = skillhost_skill_types.Answer
	Brief     = skillhost_skill_types.Brief
	Criterion = skillhost_skill_types.Criterion
	Document  = skillhost_skill_types.Document
	Error     = skillhost_skill_types.Error
	Finding   = skillhost_skill_types.Finding
	Gate      = skillhost_skill_types.Gate
	Step      = skillhost_skill_types.Step
)

// Warn tells people of something that they should know of.
func Warn(format string, arguments ...any) {
	skillhost_skill_log.Log(skillhost_skill_log.Level_Warn, fmt.Sprintf(format, arguments...))
}

// Info tells people what goes on.
func Info(format string, arguments ...any) {
	skillhost_skill_log.Log(skillhost_skill_log.Level_Info, fmt.Sprintf(format, arguments...))
}

// Failure is an error of the contract as an error of Go.
type Failure struct{ Contract Error }

func (failure Failure) Error() string {
	switch err := failure.Contract; err.Tag() {
	case skillhost_skill_types.Error_Denied:
		return "denied: " + err.Denied()
	case skillhost_skill_types.Error_Invalid:
		return "invalid: " + err.Invalid()
	case skillhost_skill_types.Error_Exhausted:
		return "exhausted: " + err.Exhausted()
	case skillhost_skill_types.Error_Cancelled:
		return "cancelled"
	case skillhost_skill_types.Error_TooLarge:
		return fmt.Sprintf("too large: %d bytes", err.TooLarge())
	default:
		return "failed: " + err.Failed()
	}
}

// Invalid says that the caller's arguments or input are wrong.
func Invalid(format string, arguments ...any) error {
	return Failure{skillhost_skill_types.MakeErrorInvalid(fmt.Sprintf(format, arguments...))}
}

// Contract gives any error as the host takes it. A file that no grant covers is denied.
func Contract(err error) Error {
	var failure Failure
	switch {
	case errors.As(err, &failure):
		return failure.Contract
	case errors.Is(err, fs.ErrPermission):
		return skillhost_skill_types.MakeErrorDenied(err.Error())
	default:
		return skillhost_skill_types.MakeErrorFailed(err.Error())
	}
}
