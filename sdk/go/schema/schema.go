// Package schema makes JSON Schemas of Go's types, and reads values of those types from JSON.
//
// Taken are strings, numbers, booleans, slices, maps from strings, structs, pointers, and `any`. The names of fields are those of
// their `json` tags; `doc:"…"` describes one. A field that is a pointer, or has `omitempty` or `omitzero`, may be left out. A type
// with a method `Choices() []string` takes no other texts.
package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// The deepest schema that the host takes.
const maxDepth = 64

// Of gives the schema of a type, as every provider of models takes it: each field is required, and null stands for what is left
// out. It fails where a type has none.
func Of[T any]() (string, error) {
	made, err := of(reflect.TypeFor[T](), 0)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(made)
	return string(text), err
}

type node struct {
	Type                 any        `json:"type,omitempty"`
	Description          string     `json:"description,omitempty"`
	Enum                 []string   `json:"enum,omitempty"`
	AnyOf                []*node    `json:"anyOf,omitempty"`
	Items                *node      `json:"items,omitempty"`
	Properties           properties `json:"properties,omitempty"`
	Required             []string   `json:"required,omitempty"`
	AdditionalProperties any        `json:"additionalProperties,omitempty"`
}

type property struct {
	name string
	node *node
}

// In the order of the fields, which a model goes by when it writes.
type properties []property

func (all properties) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for at, one := range all {
		name, err := json.Marshal(one.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(one.node)
		if err != nil {
			return nil, err
		}
		if at > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, name...), ':'), value...)
	}
	return append(text, '}'), nil
}

func of(kind reflect.Type, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%v is nested too deep, or holds itself: a schema can't say so", kind)
	}
	switch shape(kind) {
	case anything:
		return &node{}, nil
	case text:
		return &node{Type: "string", Enum: choices(kind)}, nil
	case truth:
		return &node{Type: "boolean"}, nil
	case whole:
		return &node{Type: "integer"}, nil
	case number:
		return &node{Type: "number"}, nil
	case optional:
		inner, err := of(kind.Elem(), depth+1)
		return orNull(inner), err
	case list:
		items, err := of(kind.Elem(), depth+1)
		return &node{Type: "array", Items: items}, err
	case table:
		values, err := of(kind.Elem(), depth+1)
		return &node{Type: "object", AdditionalProperties: values}, err
	case object:
		return ofFields(kind, depth)
	default:
		return nil, fmt.Errorf("%v has no JSON Schema", kind)
	}
}

func ofFields(kind reflect.Type, depth int) (*node, error) {
	made := &node{Type: "object", AdditionalProperties: false}
	for _, field := range fields(kind) {
		inner, err := of(field.kind, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%v.%s: %w", kind, field.name, err)
		}
		if field.optional && shape(field.kind) != optional {
			inner = orNull(inner)
		}
		inner.Description = field.doc
		made.Properties = append(made.Properties, property{field.name, inner})
		made.Required = append(made.Required, field.name)
	}
	return made, nil
}

// `string or null` is said in one `type`, which every provider takes; everything else with `anyOf`.
func orNull(inner *node) *node {
	if inner == nil || inner.Type == nil {
		return inner
	}
	simple, isSimple := inner.Type.(string)
	if isSimple && simple != "array" && simple != "object" && inner.Enum == nil {
		return &node{Type: []string{simple, "null"}}
	}
	return &node{AnyOf: []*node{inner, {Type: "null"}}}
}

// What JSON has for a type.
type form int

const (
	none form = iota
	anything
	text
	truth
	whole
	number
	optional
	list
	table
	object
)

func shape(kind reflect.Type) form {
	if kind == reflect.TypeFor[json.RawMessage]() {
		return anything
	}
	if kind.Implements(reflect.TypeFor[json.Marshaler]()) {
		return none
	}
	switch kind.Kind() {
	case reflect.Interface:
		return anything
	case reflect.String:
		return text
	case reflect.Bool:
		return truth
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return whole
	case reflect.Float32, reflect.Float64:
		return number
	case reflect.Pointer:
		return optional
	case reflect.Slice:
		if kind.Elem().Kind() == reflect.Uint8 {
			return none
		}
		return list
	case reflect.Map:
		if kind.Key().Kind() == reflect.String {
			return table
		}
	case reflect.Struct:
		return object
	}
	return none
}

func choices(kind reflect.Type) []string {
	if one, choosing := reflect.Zero(kind).Interface().(interface{ Choices() []string }); choosing {
		return one.Choices()
	}
	return nil
}

type field struct {
	name     string
	doc      string
	kind     reflect.Type
	optional bool
}

// The fields of a struct that JSON has.
func fields(kind reflect.Type) (all []field) {
	for _, one := range reflect.VisibleFields(kind) {
		tag := one.Tag.Get("json")
		if !one.IsExported() || one.Anonymous || tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = one.Name
		}
		mayMiss := one.Type.Kind() == reflect.Pointer
		for _, option := range strings.Split(options, ",") {
			mayMiss = mayMiss || option == "omitempty" || option == "omitzero"
		}
		all = append(all, field{name, one.Tag.Get("doc"), one.Type, mayMiss})
	}
	return all
}
