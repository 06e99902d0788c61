package agent

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	skill "skillhost/sdk"
)

// What the tools below show at once.
const (
	maxListed    = 400
	maxFound     = 100
	maxLines     = 400
	maxLineBytes = 400
)

// Reading are the tools `list`, `search` and `read`. They answer what the host denies, and go on.
func Reading(host skill.Host) []Tool {
	type glob struct {
		Glob string `json:"glob,omitempty" doc:"such as src/**/*.go; all without it"`
	}
	type wanted struct {
		Text string `json:"text" doc:"what to find"`
		Glob string `json:"glob,omitempty" doc:"in which files; all without it"`
	}
	type place struct {
		Path string `json:"path"`
		From int    `json:"from,omitempty" doc:"the first line"`
	}
	return []Tool{
		NewTool("list", "Lists files.", func(given glob) (string, error) { return list(host, given.Glob) }),
		NewTool("search", "Finds lines that contain a text, letter by letter.", func(given wanted) (string, error) {
			return search(host, given.Text, given.Glob)
		}),
		NewTool("read", fmt.Sprintf("Reads a file, %d lines at once.", maxLines), func(given place) (string, error) {
			return read(host, given.Path, given.From)
		}),
	}
}

// Editing are the tools of Reading, and `write` and `edit`, which answers a diff.
func Editing(host skill.Host) []Tool {
	type whole struct {
		Path string `json:"path"`
		Text string `json:"text" doc:"all of it"`
	}
	type change struct {
		Path string `json:"path"`
		Old  string `json:"old" doc:"what is there, once"`
		New  string `json:"new" doc:"what is to be there instead"`
	}
	return append(Reading(host),
		NewTool("write", "Writes a whole file.", func(given whole) (string, error) {
			return given.Path + " is written", host.Write(given.Path, []byte(given.Text))
		}),
		NewTool("edit", "Replaces a text that occurs once in a file.", func(given change) (string, error) {
			before, err := host.ReadText(given.Path)
			if err != nil {
				return "", err
			}
			after, err := skill.Replace(before, given.Old, given.New)
			if err != nil {
				return "", err
			}
			return skill.Diff(given.Path, before, after), host.Write(given.Path, []byte(after))
		}),
	)
}

// Running is the tool `run`, for the declared commands that the skill may run.
func Running(host skill.Host) Tool {
	type command struct {
		Name string `json:"name"`
	}
	granted := strings.Join(host.Granted(), ", ")
	if granted == "" {
		granted = "none is granted"
	}
	return NewTool("run", "Runs one of the commands: "+granted+".", func(given command) (string, error) {
		outcome, err := host.Run(given.Name)
		if err != nil {
			return "", err
		}
		ended := "ended by a signal or a limit"
		if outcome.ExitCode != nil {
			ended = fmt.Sprintf("exit code %d", *outcome.ExitCode)
		}
		// What went wrong stands at the end.
		return ended + "\n" + tail(outcome.Output), nil
	})
}

// The end of a text, of whole characters, as much of it as the model is told of one result.
func tail(text string) string {
	from := max(0, len(text)-maxResultBytes+100)
	for from > 0 && from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	return text[from:]
}

// The files that a glob matches, all of them without one, and what has to be said of them.
func matching(host skill.Host, glob string) (files []string, note string, err error) {
	all, complete, err := host.Walk()
	if err != nil {
		return nil, "", err
	}
	for _, file := range all {
		if glob == "" || skill.Glob(glob, file) {
			files = append(files, file)
		}
	}
	if !complete {
		note = "[There are more files than a walk looks at]\n"
	}
	return files, note, nil
}

func list(host skill.Host, glob string) (string, error) {
	files, note, err := matching(host, glob)
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "no file matches\n" + note, nil
	}
	if more := len(files) - maxListed; more > 0 {
		files, note = files[:maxListed], fmt.Sprintf("[%d more: ask for fewer]\n%s", more, note)
	}
	return strings.Join(files, "\n") + "\n" + note, nil
}

func search(host skill.Host, text, glob string) (string, error) {
	if text == "" {
		return "", skill.Invalid("`text` is empty")
	}
	files, note, err := matching(host, glob)
	if err != nil {
		return "", err
	}
	var told strings.Builder
	found := 0
	for _, file := range files {
		content, err := host.ReadText(file)
		if err != nil || strings.ContainsRune(content, 0) {
			continue
		}
		for number, line := range strings.Split(content, "\n") {
			if !strings.Contains(line, text) {
				continue
			}
			if found++; found > maxFound {
				return told.String() + "[There are more: ask for less]\n", nil
			}
			fmt.Fprintf(&told, "%s:%d: %s\n", file, number+1, skill.Clip(line, maxLineBytes))
		}
	}
	if found == 0 {
		told.WriteString("nothing is found\n")
	}
	return told.String() + note, nil
}

func read(host skill.Host, path string, from int) (string, error) {
	content, err := host.ReadText(path)
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSuffix(content, "\n"), "\n")
	first := max(0, from-1)
	if first >= len(lines) {
		return fmt.Sprintf("[%d lines in all, none from there]\n", len(lines)), nil
	}
	var told strings.Builder
	for number, line := range lines[first:min(len(lines), first+maxLines)] {
		fmt.Fprintf(&told, "%d\t%s\n", first+number+1, line)
	}
	if first+maxLines < len(lines) {
		fmt.Fprintf(&told, "[%d lines in all]\n", len(lines))
	}
	return told.String(), nil
}

// Change is the whole diff against the base commit, or, where it is too large, one file after the other.
func Change(host skill.Host) (string, error) {
	whole, err := host.Diff()
	if !errors.Is(err, skill.ErrTooLarge) {
		return whole, err
	}
	changes, err := host.Changes()
	if err != nil {
		return "", err
	}
	var told strings.Builder
	for _, change := range changes {
		one, err := host.Diff(change.Path)
		if errors.Is(err, skill.ErrTooLarge) {
			host.Log(skill.LevelWarn, change.Path+" is left out: its diff is too large")
			one, err = change.Path+": too large to show\n", nil
		}
		if err != nil {
			return "", err
		}
		told.WriteString(one)
	}
	return told.String(), nil
}
