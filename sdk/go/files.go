package skill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
)

// MaxFileBytes is the largest file that Read reads: a skill has 256 MiB for everything.
const MaxFileBytes = 8 << 20

// What a walk looks at, at most.
const (
	maxNodes = 60_000
	maxDepth = 48
)

func locate(name string) string { return "/repo/" + strings.TrimLeft(name, "/") }

// Says which file it was, by its path in the worktree, and what would have been needed.
func describe(capability, name string, err error) error {
	// WASI has an errno of its own for what is not granted, which package fs doesn't know.
	if errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "Capabilities insufficient") {
		return fmt.Errorf("no grant of `%s` covers %s%w", capability, name, hidden{fs.ErrPermission})
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// An error that is there for errors.Is alone.
type hidden struct{ error }

func (hidden) Error() string        { return "" }
func (hidden hidden) Unwrap() error { return hidden.error }

// Read reads a whole file. Paths are relative to the worktree's root, and separated by `/`.
func Read(name string) ([]byte, error) {
	// One failure is enough: to try again what is denied would be told as another denial.
	status, err := os.Stat(locate(name))
	if err != nil {
		return nil, describe("read", name, err)
	}
	if status.Size() > MaxFileBytes {
		return nil, fmt.Errorf("%s is too large: over %d MiB", name, MaxFileBytes>>20)
	}
	content, err := os.ReadFile(locate(name))
	if err != nil {
		return nil, describe("read", name, err)
	}
	return content, nil
}

// Write writes a whole file, and makes its directories.
func Write(name string, content []byte) error {
	folder := path.Dir(locate(name))
	// Asked for only where it is missing: to make one that exists may be denied.
	if _, err := os.Stat(folder); err != nil {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return describe("write", name, err)
		}
	}
	if err := os.WriteFile(locate(name), content, 0o666); err != nil {
		return describe("write", name, err)
	}
	return nil
}

// Walk lists all regular files, sorted. What is named `.git` and symbolic links are left out, and a directory that can't
// be read has nothing to show. `complete` is false where there were more than it looks at.
func Walk() (files []string, complete bool, err error) {
	complete = true
	nodes := 0
	var visit func(folder string, depth int) error
	visit = func(folder string, depth int) error {
		entries, err := os.ReadDir(locate(folder))
		if err != nil {
			return describe("read", folder, err)
		}
		for _, entry := range entries {
			name := path.Join(folder, entry.Name())
			switch nodes++; {
			case strings.EqualFold(entry.Name(), ".git"):
			case nodes > maxNodes || depth > maxDepth:
				complete = false
				return nil
			case entry.IsDir():
				_ = visit(name, depth+1)
			case entry.Type().IsRegular():
				files = append(files, name)
			}
		}
		return nil
	}
	if err := visit("", 0); err != nil {
		return nil, false, err
	}
	sort.Strings(files)
	return files, complete, nil
}
