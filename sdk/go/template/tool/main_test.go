package main

import (
	"strings"
	"testing"

	"skillhost/sdk/mock"
)

func TestLinesAreCounted(t *testing.T) {
	host := mock.New(t, map[string]string{"a.txt": "one\ntwo", "b.txt": "one\n\n", "empty.txt": ""})
	for path, lines := range map[string]int{"a.txt": 2, "b.txt": 2, "empty.txt": 0} {
		if got, err := count(host, file{path}); err != nil || got.Lines != lines {
			t.Errorf("%s: %v lines, %v", path, got.Lines, err)
		}
	}
}

func TestAFileThatIsNotThereIsTold(t *testing.T) {
	if _, err := count(mock.New(t, nil), file{"b.txt"}); err == nil || !strings.Contains(err.Error(), "b.txt") {
		t.Error(err)
	}
}
