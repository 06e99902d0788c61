package tool

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
)

// JSON of an answer. encoding/json writes nil slices and maps as null, which `returns` in skill.toml does not allow for a list or an
// object: they are written as empty ones.
func marshal(answer any) ([]byte, error) {
	text, err := json.Marshal(answer)
	// What could be written once has no cycles, so that the copy ends.
	if err != nil || answer == nil || !bytes.Contains(text, []byte("null")) {
		return text, err
	}
	return json.Marshal(filled(reflect.ValueOf(answer)).Interface())
}

// A copy of a value, with empty slices and maps for those that are nil.
func filled(value reflect.Value) reflect.Value {
	into := reflect.New(value.Type()).Elem()
	into.Set(value)
	fill(into)
	return into
}

func fill(at reflect.Value) {
	kind := at.Type()
	if writesItself(kind) || writesItself(reflect.PointerTo(kind)) {
		return
	}
	switch at.Kind() {
	case reflect.Struct:
		for index := range at.NumField() {
			_, options, _ := strings.Cut(kind.Field(index).Tag.Get("json"), ",")
			if field := at.Field(index); !strings.Contains(options, "omitzero") || !field.IsZero() {
				fill(field)
			}
		}
		return
	case reflect.Array:
		for index := range at.Len() {
			fill(at.Index(index))
		}
		return
	}
	// A field without a capital letter is not written.
	if !at.CanSet() {
		return
	}
	switch at.Kind() {
	case reflect.Slice:
		items := reflect.MakeSlice(kind, at.Len(), at.Len())
		reflect.Copy(items, at)
		for index := range items.Len() {
			fill(items.Index(index))
		}
		at.Set(items)
	case reflect.Map:
		table := reflect.MakeMapWithSize(kind, at.Len())
		for key, item := range at.Seq2() {
			table.SetMapIndex(key, filled(item))
		}
		at.Set(table)
	case reflect.Pointer:
		if !at.IsNil() {
			to := reflect.New(kind.Elem())
			to.Elem().Set(filled(at.Elem()))
			at.Set(to)
		}
	case reflect.Interface:
		if !at.IsNil() {
			at.Set(filled(at.Elem()))
		}
	}
}

func writesItself(kind reflect.Type) bool {
	return kind.Implements(reflect.TypeFor[json.Marshaler]()) || kind.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}
