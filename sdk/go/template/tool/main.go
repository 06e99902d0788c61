// {{name}}: counts the lines of a file.
package main

import (
	"bytes"
	"encoding/json"

	skill "skillhost/sdk"
	"skillhost/sdk/tool"
)

// One entry for each tool that skill.toml declares.
func init() { tool.Export(tool.Tools{"count-lines": count}) }

func main() {}

func count(arguments json.RawMessage) (any, error) {
	var given struct{ Path string }
	if err := json.Unmarshal(arguments, &given); err != nil {
		return nil, skill.Invalid("%v", err)
	}
	content, err := skill.Read(given.Path)
	if err != nil {
		return nil, err
	}
	lines := bytes.Count(content, []byte{'\n'})
	if len(content) > 0 && content[len(content)-1] != '\n' {
		lines++
	}
	return map[string]int{"lines": lines}, nil
}
