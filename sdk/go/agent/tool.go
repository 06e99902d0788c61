package agent

import (
	skill "skillhost/sdk"
	"skillhost/sdk/schema"
)

// Tool is something that a model may call in a loop.
type Tool struct {
	definition skill.ToolDefinition
	call       func(arguments string) (string, error)
	finishes   bool
	// The type of its arguments has no schema.
	err error
}

// Arguments that don't fit the schema, or are none.
type unread struct{ error }

func (unread *unread) Unwrap() error { return unread.error }

// NewTool makes a tool of a function. Its arguments are a struct, of which the model gets the schema; what it returns, the model is
// told.
func NewTool[A any](name, description string, function func(arguments A) (string, error)) Tool {
	parameters, err := schema.Of[A]()
	return Tool{
		definition: skill.ToolDefinition{Name: name, Description: description, Parameters: parameters},
		err:        err,
		call: func(text string) (string, error) {
			given, err := schema.Decode[A](text)
			if err != nil {
				return "", &unread{err}
			}
			return function(given)
		},
	}
}

// Finish is the tool that ends a loop, with what the model says in its arguments. Where one of the checks fails, the model is told
// so, and goes on.
func Finish[A any](name, description string, said *A, checks ...func(said A) error) Tool {
	tool := NewTool(name, description, func(given A) (string, error) {
		for _, check := range checks {
			if err := check(given); err != nil {
				return "", err
			}
		}
		*said = given
		return "", nil
	})
	tool.finishes = true
	return tool
}
