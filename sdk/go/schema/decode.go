package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	skill "skillhost/sdk"
)

// Decode reads a value from JSON. Other than encoding/json it holds the text to the schema: what is missing, unknown, or no
// choice fails with skill.ErrInvalid, which names the place.
func Decode[T any](text string) (value T, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var any any
	if err := decoder.Decode(&any); err != nil {
		return value, skill.Invalid("this is not JSON: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return value, skill.Invalid("this is not JSON: there is more behind it")
	}
	if err := check(reflect.TypeFor[T](), any, ""); err != nil {
		return value, err
	}
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return value, skill.Invalid("%v", err)
	}
	return value, nil
}

func check(kind reflect.Type, value any, at string) error {
	var fits bool
	switch shape(kind) {
	case anything:
		return nil
	case optional:
		if value == nil {
			return nil
		}
		return check(kind.Elem(), value, at)
	case text:
		given, isText := value.(string)
		if all := choices(kind); isText && all != nil && !slices.Contains(all, given) {
			return unfit(at, "one of "+strings.Join(all, ", "))
		}
		fits = isText
	case truth:
		_, fits = value.(bool)
	case whole:
		if given, isNumber := value.(json.Number); isNumber {
			fits = isWhole(kind, given.String())
		}
	case number:
		_, fits = value.(json.Number)
	case list:
		if given, isList := value.([]any); isList {
			for index, item := range given {
				if err := check(kind.Elem(), item, fmt.Sprintf("%s[%d]", at, index)); err != nil {
					return err
				}
			}
			return nil
		}
	case table:
		if given, isObject := value.(map[string]any); isObject {
			return checkTable(kind, given, at)
		}
	case object:
		if given, isObject := value.(map[string]any); isObject {
			return checkFields(kind, given, at)
		}
	default:
		return fmt.Errorf("%v can't be read from JSON", kind)
	}
	if !fits {
		return unfit(at, wanted[shape(kind)])
	}
	return nil
}

var wanted = map[form]string{
	text:   "a string",
	truth:  "true or false",
	whole:  "a whole number",
	number: "a number",
	list:   "a list",
	table:  "an object",
	object: "an object",
}

func isWhole(kind reflect.Type, given string) bool {
	var err error
	switch kind.Kind() {
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		_, err = strconv.ParseUint(given, 10, kind.Bits())
	default:
		_, err = strconv.ParseInt(given, 10, kind.Bits())
	}
	return err == nil
}

func checkTable(kind reflect.Type, given map[string]any, at string) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if err := check(kind.Elem(), given[name], below(at, name)); err != nil {
			return err
		}
	}
	return nil
}

func checkFields(kind reflect.Type, given map[string]any, at string) error {
	known := fields(kind)
	for _, field := range known {
		value, there := given[field.name]
		switch {
		case value == nil && field.optional:
		case !there:
			return skill.Invalid("`%s` is missing", below(at, field.name))
		default:
			if err := check(field.kind, value, below(at, field.name)); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(known, func(field field) bool { return field.name == name }) {
			return skill.Invalid("there is no field `%s`", skill.Clip(below(at, name), 100))
		}
	}
	return nil
}

func below(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func unfit(at, wanted string) error {
	if at == "" {
		return skill.Invalid("the value must be %s", wanted)
	}
	return skill.Invalid("`%s` must be %s", at, wanted)
}
