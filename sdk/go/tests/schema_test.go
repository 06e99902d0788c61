package tests

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	skill "skillhost/sdk"
	"skillhost/sdk/schema"
)

type inner struct {
	Name     string         `json:"name" doc:"what it is called"`
	Severity skill.Severity `json:"severity,omitempty"`
}

type outer struct {
	Text  string          `json:"text"`
	Many  []inner         `json:"many"`
	Count uint8           `json:"count"`
	Share float64         `json:"share,omitempty"`
	Done  bool            `json:"done"`
	Line  *int            `json:"line"`
	More  map[string]bool `json:"more,omitempty"`
	Any   any             `json:"any"`
	Raw   json.RawMessage `json:"raw,omitempty"`
	Plain string
	none  string
	Out   string `json:"-"`
}

const wanted = `{"type":"object","properties":{` +
	`"text":{"type":"string"},` +
	`"many":{"type":"array","items":{"type":"object","properties":{` +
	`"name":{"type":"string","description":"what it is called"},` +
	`"severity":{"anyOf":[{"type":"string","enum":["nit","minor","major","blocker"]},{"type":"null"}]}},` +
	`"required":["name","severity"],"additionalProperties":false}},` +
	`"count":{"type":"integer"},"share":{"type":["number","null"]},"done":{"type":"boolean"},` +
	`"line":{"type":["integer","null"]},` +
	`"more":{"anyOf":[{"type":"object","additionalProperties":{"type":"boolean"}},{"type":"null"}]},` +
	`"any":{},"raw":{},"Plain":{"type":"string"}},` +
	`"required":["text","many","count","share","done","line","more","any","raw","Plain"],"additionalProperties":false}`

func TestASchemaIsMadeOfAType(t *testing.T) {
	if made, err := schema.Of[outer](); err != nil || made != wanted {
		t.Error(made, err)
	}
}

type circle struct {
	Next []circle `json:"next"`
}

func TestWhatHasNoSchemaIsTold(t *testing.T) {
	if _, err := schema.Of[circle](); err == nil || !strings.Contains(err.Error(), "holds itself") {
		t.Error(err)
	}
	if _, err := schema.Of[struct{ Made chan int }](); err == nil || !strings.Contains(err.Error(), "chan int has no JSON Schema") {
		t.Error(err)
	}
	if _, err := schema.Of[struct{ At time.Time }](); err == nil {
		t.Error("a time has methods of its own for JSON")
	}
	if _, err := schema.Of[map[int]string](); err == nil {
		t.Error("JSON has names of text alone")
	}
}

func TestAValueIsReadAndHeldToItsType(t *testing.T) {
	whole := `{"text":"ü","many":[{"name":"a","severity":"major"},{"name":"b"}],"count":255,"share":null,"done":true,` +
		`"line":7,"any":[1],"Plain":""}`
	line := 7
	want := outer{Text: "ü", Many: []inner{{"a", skill.Major}, {Name: "b"}}, Count: 255, Done: true, Line: &line, Any: []any{1.0}}
	if value, err := schema.Decode[outer](whole); err != nil || !reflect.DeepEqual(value, want) {
		t.Error(value, err)
	}
	for _, one := range []struct{ old, new, failure string }{
		{`"text":"ü",`, ``, "`text` is missing"},
		{`"text":"ü"`, `"text":1`, "`text` must be a string"},
		{`"text":"ü"`, `"Text":"ü"`, "`text` is missing"},
		{`"text":"ü"`, `"text":null`, "`text` must be a string"},
		{`"major"`, `"huge"`, "`many[0].severity` must be one of nit, minor, major, blocker"},
		{`"name":"b"`, `"name":"b","x":1,"y":2`, "there is no field `many[1].x`"},
		{`255`, `256`, "`count` must be a whole number"},
		{`255`, `1.5`, "`count` must be a whole number"},
		{`true`, `1`, "`done` must be true or false"},
		{`"share":null`, `"share":"1"`, "`share` must be a number"},
		{`"any"`, `"more":{"a":1},"any"`, "`more.a` must be true or false"},
		{`[{`, `{"a":[{`, "this is not JSON"},
		{`""}`, `""} {}`, "there is more behind it"},
	} {
		_, err := schema.Decode[outer](strings.Replace(whole, one.old, one.new, 1))
		if !errors.Is(err, skill.ErrInvalid) || !strings.Contains(err.Error(), one.failure) {
			t.Errorf("%s: %v", one.new, err)
		}
	}
	if _, err := schema.Decode[[]string](`"a"`); err == nil || err.Error() != "invalid: the value must be a list" {
		t.Error(err)
	}
	if _, err := schema.Decode[any](strings.Repeat("[", 100_000)); !errors.Is(err, skill.ErrInvalid) {
		t.Error(err)
	}
}
