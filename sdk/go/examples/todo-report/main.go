// Lists TODO comments with file and line, and writes a report about them.
package main

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	skill "skillhost/sdk"
	"skillhost/sdk/tool"
)

func init() { tool.Export(tool.Tools{"report": tool.Of(report)}) }

func main() {}

type todo struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

type options struct {
	Path    string `json:"path,omitempty"`
	Pattern string `json:"pattern,omitempty"`
}

type reported struct {
	Todos []todo `json:"todos"`
}

func report(host skill.Host, given options) (reported, error) {
	path, pattern := cmp.Or(given.Path, "TODO.md"), cmp.Or(given.Pattern, "**")
	files, _, err := host.Walk()
	if err != nil {
		return reported{}, err
	}
	todos, in := []todo{}, 0
	for _, file := range files {
		// The report of last time tells nothing new.
		if file == path || !skill.Glob(pattern, file) {
			continue
		}
		content, err := host.Read(file)
		if err != nil {
			host.Log(skill.LevelWarn, err.Error())
			continue
		}
		if found := look(file, string(content)); len(found) > 0 {
			todos, in = append(todos, found...), in+1
		}
	}
	return reported{todos}, host.Write(path, []byte(render(todos, in)))
}

func look(file, content string) (todos []todo) {
	if !utf8.ValidString(content) || strings.ContainsRune(content, 0) {
		return nil
	}
	for index, line := range strings.Split(content, "\n") {
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
		// The word before the next one is a part of the line that was passed.
		var between string
		between, rest, found = strings.Cut(rest, "TODO")
		before = "TODO" + between
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
