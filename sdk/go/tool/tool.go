// Package tool exports a skill of the kind tool.
package tool

import (
	"encoding/json"

	skill "skillhost/sdk"
	"skillhost/sdk/schema"
)

// Tool answers a call: JSON arguments, which the host has held to the schema in skill.toml, and something that encoding/json
// writes, with empty lists and objects for slices and maps that are nil.
type Tool func(host skill.Host, arguments json.RawMessage) (any, error)

// Tools are those that skill.toml declares, by name.
type Tools map[string]Tool

var exported Tools

// Export is what a skill calls in its init.
func Export(tools Tools) { exported = tools }

// Of makes a tool of a function with types: what package schema reads, and what encoding/json writes.
func Of[A, R any](function func(host skill.Host, arguments A) (R, error)) Tool {
	return func(host skill.Host, arguments json.RawMessage) (any, error) {
		given, err := schema.Decode[A](string(arguments))
		if err != nil {
			return nil, err
		}
		return function(host, given)
	}
}

// Call calls a tool as the host does: with JSON, for JSON.
func (tools Tools) Call(host skill.Host, name, arguments string) (string, error) {
	if tools == nil {
		return "", skill.Failed("nothing was exported: call tool.Export in an init; main is never called")
	}
	tool, found := tools[name]
	if !found {
		return "", skill.Invalid("there is no tool `%s`", name)
	}
	answer, err := tool(host, json.RawMessage(arguments))
	if err != nil {
		return "", err
	}
	text, err := marshal(answer)
	return string(text), err
}
