package tests

import (
	"encoding/json"
	"testing"

	skill "skillhost/sdk"
	"skillhost/sdk/mock"
	"skillhost/sdk/tool"
)

type nested struct {
	Deep []*nested `json:"deep"`
}

type listed struct {
	nested
	List    []string                  `json:"list"`
	Any     any                       `json:"any"`
	Tables  map[string]map[string]int `json:"tables"`
	Raw     json.RawMessage           `json:"raw"`
	None    *nested                   `json:"none"`
	Left    []string                  `json:"left,omitzero"`
	private []string
}

func TestAToolIsCalledWithJSONForJSON(t *testing.T) {
	type given struct {
		Name string `json:"name"`
	}
	tools := tool.Tools{
		"greet": tool.Of(func(_ skill.Host, given given) (string, error) { return "hello, " + given.Name, nil }),
		"raw":   func(_ skill.Host, arguments json.RawMessage) (any, error) { return arguments, nil },
		"lost":  tool.Of(func(skill.Host, struct{}) (chan int, error) { return nil, nil }),
	}
	tools["empty"] = tool.Of(func(skill.Host, struct{}) (*listed, error) {
		return &listed{
			nested: nested{Deep: []*nested{{}, nil}},
			Any:    []any{[]string(nil), nil},
			Tables: map[string]map[string]int{"a": nil},
			Raw:    json.RawMessage(nil),
		}, nil
	})
	for _, one := range []struct{ name, arguments, answer, failure string }{
		{"greet", `{"name":"ü"}`, `"hello, ü"`, ""},
		{"greet", `{}`, "", "invalid: `name` is missing"},
		{"raw", `{"a":1}`, `{"a":1}`, ""},
		{"lost", `{}`, "", "json: unsupported type: chan int"},
		{"empty", `{}`, `{"deep":[{"deep":[]},null],"list":[],"any":[[],null],"tables":{"a":{}},"raw":null,"none":null}`, ""},
		{"fly", `{}`, "", "invalid: there is no tool `fly`"},
	} {
		answer, err := tools.Call(mock.New(t, nil), one.name, one.arguments)
		if err != nil && err.Error() != one.failure || err == nil && (answer != one.answer || one.failure != "") {
			t.Errorf("%s: %s, %v", one.name, answer, err)
		}
	}
}
