package tests

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	skill "skillhost/sdk"
	"skillhost/sdk/mock"
)

func TestFilesAreNamedFromTheRoot(t *testing.T) {
	host := mock.New(t, map[string]string{"src/größe.txt": "ü\r\n", "b": "\xff"})
	if text, err := host.ReadText("src/größe.txt"); err != nil || text != "ü\r\n" {
		t.Error(text, err)
	}
	if _, err := host.ReadText("b"); !errors.Is(err, skill.ErrInvalid) || !strings.Contains(err.Error(), "b is not UTF-8") {
		t.Error(err)
	}
	if _, err := host.Read("none"); !errors.Is(err, skill.ErrFailed) || !strings.Contains(err.Error(), "none does not exist") {
		t.Error(err)
	}
	if _, err := host.Read("src"); !errors.Is(err, skill.ErrFailed) || strings.Contains(err.Error(), host.Root()) {
		t.Error(err)
	}
	for _, outside := range []string{"../x", "a/../../x", ""} {
		if _, err := host.Read(outside); err == nil {
			t.Error(outside)
		}
		if err := host.Write(outside, nil); err == nil {
			t.Error(outside)
		}
	}
	if err := host.Write("new/deep/a.txt", []byte("a")); err != nil || host.Text("new/deep/a.txt") != "a" {
		t.Error(err)
	}
	if err := host.Remove("new/deep/a.txt"); err != nil || host.Text("new/deep/a.txt") != "" {
		t.Error(err)
	}
	if err := host.Remove("new/deep/a.txt"); !errors.Is(err, skill.ErrFailed) {
		t.Error(err)
	}
}

func TestALargeFileIsToldWithItsSize(t *testing.T) {
	host := mock.New(t, map[string]string{"large": "", "limit": ""})
	for name, size := range map[string]int64{"limit": skill.MaxFileBytes, "large": skill.MaxFileBytes + 1} {
		if err := os.Truncate(filepath.Join(host.Root(), name), size); err != nil {
			t.Fatal(err)
		}
	}
	if content, err := host.Read("limit"); err != nil || len(content) != skill.MaxFileBytes {
		t.Error(len(content), err)
	}
	_, err := host.Read("large")
	var failure *skill.Error
	if !errors.As(err, &failure) || failure.Kind != skill.ErrTooLarge || failure.Size != skill.MaxFileBytes+1 {
		t.Error(err)
	}
	if err == nil || err.Error() != "large is too large: 8388609 bytes" {
		t.Error(err)
	}
}

// A path may be as long as what a model writes.
func TestErrorsNameTheBeginningOfALongPath(t *testing.T) {
	host := mock.New(t, nil)
	long := strings.Repeat("x", 199) + strings.Repeat("ü", 1<<19)
	for _, path := range []string{long, "../" + long} {
		_, err := host.Read(path)
		if err == nil || len(err.Error()) > 300 || !utf8.ValidString(err.Error()) || !strings.Contains(err.Error(), "…") {
			t.Errorf("%.1000v", err)
		}
	}
}

func TestAWalkLeavesOutGitAndLinks(t *testing.T) {
	host := mock.New(t, map[string]string{"b": "", "a/c": "", ".git/x": "", "a/.GIT/y": ""})
	if err := os.Symlink("b", filepath.Join(host.Root(), "link")); err != nil {
		t.Fatal(err)
	}
	if files, complete, err := host.Walk(); err != nil || !complete || !reflect.DeepEqual(files, []string{"a/c", "b"}) {
		t.Error(files, complete, err)
	}
}

func TestTheMockTellsWhatChanged(t *testing.T) {
	host := mock.New(t, map[string]string{"same": "", "gone": "a\n", "old": "1\n"})
	host.ReadOnly = []string{"docs/**"}
	host.Put("new", "n\n")
	host.Put("old", "2\n")
	if err := host.Remove("gone"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"docs/a", "./docs/a", "docs//a", "/docs/a", "x/../docs/a"} {
		if err := host.Write(name, nil); !errors.Is(err, skill.ErrDenied) {
			t.Error(name, err)
		}
		if err := host.Remove(name); !errors.Is(err, skill.ErrDenied) {
			t.Error(name, err)
		}
	}
	changes, err := host.Changes()
	want := []skill.Change{{Path: "gone", Kind: skill.ChangeDeleted}, {Path: "new", Kind: skill.ChangeAdded}, {Path: "old", Kind: skill.ChangeModified}}
	if err != nil || !reflect.DeepEqual(changes, want) {
		t.Error(changes, err)
	}
	if diff, err := host.Diff("old"); err != nil || diff != "--- a/old\n+++ b/old\n@@ -1 +1 @@\n-1\n+2\n" {
		t.Error(diff, err)
	}
	if original, err := host.Original("gone", 1); err != nil || string(original) != "\n" {
		t.Error(original, err)
	}
	host.Put("large", strings.Repeat("a\n", 200_000))
	if _, err := host.Diff(); !errors.Is(err, skill.ErrTooLarge) {
		t.Error(err)
	}
}

func TestTheMockRunsWhatIsDeclared(t *testing.T) {
	host := mock.New(t, nil)
	host.Declared = map[string][]mock.Ending{"test": {{ExitCode: 1, Output: "1 failed"}, {Output: "1 passed"}}}
	host.Forbidden = []string{"deploy"}
	for _, passed := range []bool{false, true, true} {
		if outcome, err := host.Run("test", "-v"); err != nil || outcome.Passed() != passed {
			t.Error(outcome, err)
		}
	}
	if _, err := host.Run("deploy"); !errors.Is(err, skill.ErrDenied) {
		t.Error(err)
	}
	if _, err := host.Run("fly"); !errors.Is(err, skill.ErrInvalid) {
		t.Error(err)
	}
	if output, err := host.Output("1", 2); err != nil || output != "failed" {
		t.Error(output, err)
	}
	if len(host.Ran) != 3 || host.Ran[0] != "test -v" || len(host.Commands()) != 2 {
		t.Error(host.Ran, host.Commands())
	}
}
