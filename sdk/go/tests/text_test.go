// Package tests holds the SDK to what it says, on this machine, over the mock host.
package tests

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	skill "skillhost/sdk"
)

func TestReplaceChangesOnePlace(t *testing.T) {
	for _, one := range []struct{ text, old, replacement, after, failure string }{
		{"a b c", "b", "x", "a x c", ""},
		{"a\r\nb\r\n", "a\nb", "x\ny", "x\r\ny\r\n", ""},
		{"a\r\nb\n", "b\n", "x\n", "a\r\nx\n", ""},
		{"a", "", "x", "", "the text to replace is empty"},
		{"a a", "a", "x", "", "occurs more than once"},
		{"if x {\n\t y\n", "y\nz", "x", "", "line 2 is like its first line"},
		{"a", "b", "x", "", "the text to replace is not there"},
	} {
		after, err := skill.Replace(one.text, one.old, one.replacement)
		if after != one.after || (err != nil) != (one.failure != "") {
			t.Errorf("%q: %q, %v", one.text, after, err)
		}
		if err != nil && (!errors.Is(err, skill.ErrInvalid) || !strings.Contains(err.Error(), one.failure)) {
			t.Errorf("%q: %v", one.text, err)
		}
	}
}

func TestDiffIsThatOfGit(t *testing.T) {
	numbered := func(change map[int]string) string {
		var text strings.Builder
		for line := 1; line <= 20; line++ {
			if changed, found := change[line]; found {
				text.WriteString(changed)
			} else {
				fmt.Fprintf(&text, "%d\n", line)
			}
		}
		return text.String()
	}
	for _, one := range []struct{ before, after, diff string }{
		{"a\n", "a\n", ""},
		{"a\n", "b\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"},
		{"", "a\nb", "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file\n"},
		{"a\n", "", "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"},
		{"a", "a\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{
			numbered(nil), numbered(map[int]string{2: "two\n", 9: "", 20: "20\n21\n"}),
			"--- a/f\n+++ b/f\n@@ -1,12 +1,11 @@\n 1\n-2\n+two\n 3\n 4\n 5\n 6\n 7\n 8\n-9\n 10\n 11\n 12\n" +
				"@@ -18,3 +17,4 @@\n 18\n 19\n 20\n+21\n",
		},
	} {
		if diff := skill.Diff("f", one.before, one.after); diff != one.diff {
			t.Errorf("%q, %q:\n%s", one.before, one.after, diff)
		}
	}
}

func TestTextsThatDifferInAllAreOneChange(t *testing.T) {
	before, after := "same\n"+strings.Repeat("a\n", 5000), "same\n"+strings.Repeat("b\n", 5000)
	diff := skill.Diff("f", before, after)
	if !strings.HasPrefix(diff, "--- a/f\n+++ b/f\n@@ -1,5001 +1,5001 @@\n same\n-a\n") || strings.Count(diff, "\n+b") != 5000 {
		t.Error(skill.Clip(diff, 200))
	}
}

func TestClipCutsNoCharacter(t *testing.T) {
	if clipped := skill.Clip("aüü", 4); clipped != "aü\n[2 more bytes are not shown: ask for less at once]" {
		t.Error(clipped)
	}
	if clipped := skill.Clip("aüü", 5); clipped != "aüü" {
		t.Error(clipped)
	}
}

func TestABriefIsMarkdown(t *testing.T) {
	code := int32(1)
	brief := skill.Brief{
		Goal:        "Greet everybody",
		Conventions: []skill.Document{{Path: "AGENTS.md", Text: "Be polite."}},
		Spec:        &skill.Document{Path: "specs/a.md", Text: "# A"},
		Steps:       []skill.Step{{ID: "2", Title: "Greet", Instructions: "Write it.", Files: []string{"src/**", "a"}, After: []string{"1"}}},
		Criteria:    []skill.Criterion{{ID: "C1", Statement: "It greets", Command: "test"}},
		Findings: []skill.Finding{{
			ID: "F1", Severity: skill.Major, Category: "edge-cases", Message: "It fails.",
			At: &skill.Location{Path: "a.py", Line: 3}, Suggestion: "Mend it.",
		}},
		Answers: []skill.Answer{{Finding: "F1", Text: "No."}},
		Gates:   []skill.Gate{{Evidence: "ev-1", Name: "test", ExitCode: &code, Output: "1 failed"}, {Name: "lint"}},
	}
	want := "# Conventions: AGENTS.md\nBe polite.\n\n# Goal\nGreet everybody\n\n# Specification: specs/a.md\n# A\n\n" +
		"# Steps\n## 2 Greet\nWrite it.\nFiles: src/**, a\nAfter: 1\n\n# Criteria\n- C1: It greets (shown by test)\n\n" +
		"# Open findings\n- F1 (major, edge-cases) at a.py:3: It fails.\n  Suggestion: Mend it.\n\n" +
		"# The author's answers\n- F1: No.\n\n" +
		"# Gates\n## test (evidence ev-1): exit code 1\n1 failed\n## lint (evidence ): ended by a signal or a limit\n\n\n"
	if text := brief.Markdown(); text != want {
		t.Error(text)
	}
	if text := (skill.Brief{Goal: "g"}).Markdown(); text != "# Goal\ng\n\n" {
		t.Error(text)
	}
}

func TestGlobsAreTheHosts(t *testing.T) {
	for _, one := range []struct {
		pattern, path string
		matches       bool
	}{
		{"**", "a/b", true},
		{"src/**/*.go", "src/a.go", true},
		{"src/**/*.go", "src/a/b/c.go", true},
		{"*.go", "src/a.go", false},
		{"{src,docs}/*.{go,md}", "docs/a.md", true},
		{"a?[b]", "aü[b]", true},
		{"{a", "{a", false},
		{strings.Repeat("{a,b}", 20), "a", false},
	} {
		if skill.Glob(one.pattern, one.path) != one.matches {
			t.Errorf("%s, %s", one.pattern, one.path)
		}
	}
}
