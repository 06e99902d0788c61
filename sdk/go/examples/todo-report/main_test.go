package main

import (
	"errors"
	"reflect"
	"testing"

	skill "skillhost/sdk"
	"skillhost/sdk/mock"
)

func TestCommentsAreListedAndTheReportIsWritten(t *testing.T) {
	host := mock.New(t, map[string]string{"src/a.go": "package a\n// TODO(ann): rename\n// TODOTODO no, TODOS no TODO_TODO\n// TODOTODO, TODO: twice\n", "b.bin": "\xffTODO no"})
	got, err := report(host, options{})
	if err != nil || !reflect.DeepEqual(got.Todos, []todo{{"src/a.go", 2, "rename"}, {"src/a.go", 4, "twice"}}) {
		t.Error(got, err)
	}
	if text := host.Text("TODO.md"); text != "# TODO report\n\n2 in 1 files.\n\n- `src/a.go:2` rename\n- `src/a.go:4` twice\n" {
		t.Error(text)
	}
}

func TestAReportIsWrittenWhereTheGrantAllowsIt(t *testing.T) {
	host := mock.New(t, nil)
	host.ReadOnly = []string{"docs/**"}
	if _, err := report(host, options{Path: "docs/open.md"}); !errors.Is(err, skill.ErrDenied) {
		t.Error(err)
	}
}
