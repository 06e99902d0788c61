// Command embed gives a module the type of its kind's world, as a custom section: embed KIND MODULE OUT
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"

	"skillhost/sdk/generated/types"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 3 {
		return fmt.Errorf("embed KIND MODULE OUT")
	}
	worlds := map[string]string{
		"spec": types.Spec, "review": types.Review, "implement": types.Implement, "verify": types.Verify, "tool": types.Tool,
	}
	world, found := worlds[arguments[0]]
	if !found {
		return fmt.Errorf("`%s` is not a kind of skill", arguments[0])
	}
	module, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	name := "component-type:" + arguments[0] + "-skill"
	section := binary.AppendUvarint(nil, uint64(len(name)))
	section = append(append(section, name...), world...)
	module = append(module, 0)
	module = binary.AppendUvarint(module, uint64(len(section)))
	module = append(module, section...)
	// What is the same keeps its time.
	if before, err := os.ReadFile(arguments[2]); err == nil && bytes.Equal(before, module) {
		return nil
	}
	return os.WriteFile(arguments[2], module, 0o666)
}
