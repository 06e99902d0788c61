// {{name}}: counts the lines of a file.
package main

import (
	"strings"

	skill "skillhost/sdk"
	"skillhost/sdk/tool"
)

// One entry for each tool that skill.toml declares.
func init() { tool.Export(tool.Tools{"count-lines": tool.Of(count)}) }

func main() {}

type file struct {
	Path string `json:"path"`
}

type counted struct {
	Lines int `json:"lines"`
}

func count(host skill.Host, given file) (counted, error) {
	content, err := host.Read(given.Path)
	if err != nil {
		return counted{}, err
	}
	lines := strings.Count(string(content), "\n")
	if len(content) > 0 && content[len(content)-1] != '\n' {
		lines++
	}
	return counted{lines}, nil
}
