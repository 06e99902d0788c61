// Package tool exports a skill of the kind tool.
package tool

import (
	"encoding/json"
	"strings"

	skill "skillhost/sdk"
	_ "skillhost/sdk/generated/exports/tool"
	"skillhost/sdk/generated/imports/skillhost_skill_types"
	internal "skillhost/sdk/internal/tool"
	"skillhost/sdk/wit/types"
)

// Tool answers a call with something that encoding/json writes. The host has held the arguments to their schema.
type Tool func(arguments json.RawMessage) (any, error)

// Tools are those that skill.toml declares, by name.
type Tools map[string]Tool

// Export is what a skill calls in its init.
func Export(tools Tools) {
	internal.Handler = func(name, arguments string) internal.Result {
		tool, found := tools[name]
		if !found {
			return failed(skill.Invalid("there is no tool `%s`", name))
		}
		// The host's strings are gone when the call ends.
		answer, err := tool(json.RawMessage(strings.Clone(arguments)))
		if err != nil {
			return failed(err)
		}
		text, err := json.Marshal(answer)
		if err != nil {
			return failed(err)
		}
		return wit_types.Ok[string, skillhost_skill_types.Error](string(text))
	}
}

func failed(err error) internal.Result {
	return wit_types.Err[string](skill.Contract(err))
}
