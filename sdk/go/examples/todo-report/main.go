// Lists TODO comments with file and line, and writes a report about them.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	skill "skillhost/sdk"
	"skillhost/sdk/tool"
)

func init() { tool.Export(tool.Tools{"report": report}) }

func main() {}

type todo struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

func report(arguments json.RawMessage) (any, error) {
	given := struct{ Path, Pattern string }{"TODO.md", "**"}
	if err := json.Unmarshal(arguments, &given); err != nil {
		return nil, skill.Invalid("%v", err)
	}
	files, _, err := skill.Walk()
	if err != nil {
		return nil, err
	}
	todos, in := []todo{}, 0
	for _, file := range files {
		// The report of last time tells nothing new.
		if file == given.Path || !skill.Glob(given.Pattern, file) {
			continue
		}
		content, err := skill.Read(file)
		if err != nil {
			skill.Warn("%v", err)
			continue
		}
		if found := look(file, content); len(found) > 0 {
			todos, in = append(todos, found...), in+1
		}
	}
	if err := skill.Write(given.Path, []byte(render(todos, in))); err != nil {
		return nil, err
	}
	return map[string][]todo{"todos": todos}, nil
}

func look(file string, content []byte) (todos []todo) {
	if !utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0 {
		return nil
	}
	for index, line := range strings.Split(string(content), "\n") {
		if text, found := find(line); found {
			todos = append(todos, todo{file, index + 1, text})
		}
	}
	return todos
}

// What stands behind the word TODO in a line, without `:` or `(name):`.
func find(line string) (text string, found bool) {
	before, rest, found := strings.Cut(line, "TODO")
	for found && (endsInWord(before) || beginsInWord(rest)) {
		before, rest, found = strings.Cut(rest, "TODO")
	}
	if strings.HasPrefix(rest, "(") {
		if _, after, closed := strings.Cut(rest, ")"); closed {
			rest = after
		}
	}
	return strings.TrimSpace(strings.TrimPrefix(rest, ":")), found
}

func inWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_' }

func endsInWord(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return text != "" && inWord(last)
}

func beginsInWord(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && inWord(first)
}

func render(todos []todo, files int) string {
	var report strings.Builder
	fmt.Fprintf(&report, "# TODO report\n\n%d in %d files.\n\n", len(todos), files)
	for _, todo := range todos {
		fmt.Fprintf(&report, "- `%s:%d` %s\n", todo.File, todo.Line, todo.Text)
	}
	if len(todos) == 0 {
		report.WriteString("None.\n")
	}
	return report.String()
}
