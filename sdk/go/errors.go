package skill

import (
	"errors"
	"fmt"
)

// The kinds of error that the contract has, for errors.Is.
var (
	// ErrDenied: no grant covers this. The text names the capability, and what would grant it.
	ErrDenied = errors.New("denied")
	// ErrInvalid: the caller's arguments or input are wrong.
	ErrInvalid = errors.New("invalid")
	// ErrExhausted: a limit or a budget is used up.
	ErrExhausted = errors.New("exhausted")
	// ErrCancelled: the run was cancelled.
	ErrCancelled = errors.New("cancelled")
	// ErrTooLarge: more than the host hands over at once. Ask for less, or for a part.
	ErrTooLarge = errors.New("too large")
	// ErrFailed: anything else.
	ErrFailed = errors.New("failed")
)

// Error is an error of the contract. The host's functions return it, and a skill may, wrapped or not: its caller is told the same.
// Any other error that a skill returns is ErrFailed with its text, or ErrDenied where it is a fs.ErrPermission.
type Error struct {
	// One of those above.
	Kind error
	// Says which, and why. Unused by ErrCancelled and ErrTooLarge.
	Text string
	// How many bytes it would have been, of ErrTooLarge.
	Size uint64
}

func (failure *Error) Error() string {
	switch failure.Kind {
	case ErrCancelled:
		return "cancelled"
	case ErrTooLarge:
		return fmt.Sprintf("too large: %d bytes", failure.Size)
	default:
		return fmt.Sprintf("%v: %s", failure.Kind, failure.Text)
	}
}

// Unwrap gives the kind, for errors.Is.
func (failure *Error) Unwrap() error { return failure.Kind }

// Denied says that something is not allowed.
func Denied(format string, arguments ...any) error { return failure(ErrDenied, format, arguments) }

// Invalid says that the caller's arguments or input are wrong.
func Invalid(format string, arguments ...any) error { return failure(ErrInvalid, format, arguments) }

// Exhausted says that a limit of the skill's own is used up.
func Exhausted(format string, arguments ...any) error {
	return failure(ErrExhausted, format, arguments)
}

// Failed says that anything else went wrong.
func Failed(format string, arguments ...any) error { return failure(ErrFailed, format, arguments) }

func failure(kind error, format string, arguments []any) error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, arguments...)}
}
