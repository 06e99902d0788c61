// Package contract turns the values of the generated bindings into those of the SDK, and back. It is there in a component alone.
package contract

import (
	"errors"
	"io/fs"
	"slices"

	skill "skillhost/sdk"
	"skillhost/sdk/generated/imports/skillhost_skill_types"
	"skillhost/sdk/wit/types"
)

// The SDK's names of an enumeration, in the order of the contract.
type names[T ~string] []T

// Package check has looked at the name: what is none of them is empty, which stands for the first one.
func (names names[T]) number(name T) uint8 { return uint8(max(0, slices.Index(names, name))) }

func (names names[T]) name(number uint8) T { return names[number] }

var severities = names[skill.Severity]{skill.Nit, skill.Minor, skill.Major, skill.Blocker}

func each[A, B any](all []A, turn func(A) B) []B {
	turned := make([]B, 0, len(all))
	for _, one := range all {
		turned = append(turned, turn(one))
	}
	return turned
}

// What may not be there, by its address.
func pointer[A, B any](option wit_types.Option[A], turn func(A) B) *B {
	if option.IsNone() {
		return nil
	}
	turned := turn(option.Some())
	return &turned
}

func same[T any](value T) T { return value }

// What is left out where it is empty.
func unlessEmpty[T comparable](value T) wit_types.Option[T] {
	var empty T
	if value == empty {
		return wit_types.None[T]()
	}
	return wit_types.Some(value)
}

// Error gives any error as the host takes it.
func Error(err error) skillhost_skill_types.Error {
	text := err.Error()
	if bare, isBare := err.(*skill.Error); isBare {
		text = bare.Text
	}
	switch {
	case errors.Is(err, skill.ErrDenied), errors.Is(err, fs.ErrPermission):
		return skillhost_skill_types.MakeErrorDenied(text)
	case errors.Is(err, skill.ErrInvalid):
		return skillhost_skill_types.MakeErrorInvalid(text)
	case errors.Is(err, skill.ErrExhausted):
		return skillhost_skill_types.MakeErrorExhausted(text)
	case errors.Is(err, skill.ErrCancelled):
		return skillhost_skill_types.MakeErrorCancelled()
	case errors.Is(err, skill.ErrTooLarge):
		var found skill.Error
		if in := new(skill.Error); errors.As(err, &in) {
			found = *in
		}
		return skillhost_skill_types.MakeErrorTooLarge(found.Size)
	default:
		return skillhost_skill_types.MakeErrorFailed(text)
	}
}

func failure(from skillhost_skill_types.Error) error {
	switch from.Tag() {
	case skillhost_skill_types.Error_Denied:
		return &skill.Error{Kind: skill.ErrDenied, Text: from.Denied()}
	case skillhost_skill_types.Error_Invalid:
		return &skill.Error{Kind: skill.ErrInvalid, Text: from.Invalid()}
	case skillhost_skill_types.Error_Exhausted:
		return &skill.Error{Kind: skill.ErrExhausted, Text: from.Exhausted()}
	case skillhost_skill_types.Error_Cancelled:
		return &skill.Error{Kind: skill.ErrCancelled}
	case skillhost_skill_types.Error_TooLarge:
		return &skill.Error{Kind: skill.ErrTooLarge, Size: from.TooLarge()}
	default:
		return &skill.Error{Kind: skill.ErrFailed, Text: from.Failed()}
	}
}

// Result gives what a skill's function returned as the host takes it.
func Result[A, B any](value A, err error, turn func(A) B) wit_types.Result[B, skillhost_skill_types.Error] {
	if err != nil {
		return wit_types.Err[B](Error(err))
	}
	return wit_types.Ok[B, skillhost_skill_types.Error](turn(value))
}

// What one of the host's functions returned.
func outcome[A, B any](result wit_types.Result[A, skillhost_skill_types.Error], turn func(A) B) (value B, err error) {
	if result.IsErr() {
		return value, failure(result.Err())
	}
	return turn(result.Ok()), nil
}
