package skill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"unicode/utf8"
)

// MaxFileBytes is the largest file that Read reads: a skill has 256 MiB for everything. A larger one is ErrTooLarge.
const MaxFileBytes = 8 << 20

// What a walk looks at, at most.
const (
	maxNodes = 60_000
	maxDepth = 48
)

// Bytes of a path, or of a line, that an error names.
const maxShown = 200

// Files are the files below a folder: the part of a Host that each has. Paths are relative to it, and separated by `/`.
type Files string

// Root is the folder.
func (files Files) Root() string { return string(files) }

func (files Files) locate(name string) (string, error) {
	inside := filepath.FromSlash(path.Clean(strings.TrimLeft(name, "/")))
	if !filepath.IsLocal(inside) {
		return "", Invalid("%q is no path relative to the worktree's root", shown(name))
	}
	return filepath.Join(string(files), inside), nil
}

// The beginning of a path that is longer than anybody reads.
func shown(name string) string {
	if len(name) <= maxShown {
		return name
	}
	return strings.ToValidUTF8(name[:maxShown], "") + "…"
}

// Says which file it was, by its path in the worktree, and what would have been needed.
func describe(capability, name string, err error) error {
	name = shown(name)
	// WASI has an errno of its own for what is not granted, which package fs doesn't know.
	if errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "Capabilities insufficient") {
		return Denied("no grant of `%s` covers %s", capability, name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Failed("%s does not exist", name)
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return Failed("%s: %v", name, err)
}

// Read reads a whole file.
func (files Files) Read(name string) ([]byte, error) {
	whole, err := files.locate(name)
	if err != nil {
		return nil, err
	}
	// One failure is enough: to try again what is denied would be told as another denial.
	status, err := os.Stat(whole)
	if err != nil {
		return nil, describe("read", name, err)
	}
	if status.Size() > MaxFileBytes {
		return nil, fmt.Errorf("%s is %w", shown(name), &Error{Kind: ErrTooLarge, Size: uint64(status.Size())})
	}
	content, err := os.ReadFile(whole)
	if err != nil {
		return nil, describe("read", name, err)
	}
	return content, nil
}

// ReadText reads a whole text file, with its line endings as they are.
func (files Files) ReadText(name string) (string, error) {
	content, err := files.Read(name)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(content) {
		return "", Invalid("%s is not UTF-8", shown(name))
	}
	return string(content), nil
}

// Write writes a whole file, and makes its folders.
func (files Files) Write(name string, content []byte) error {
	whole, err := files.locate(name)
	if err != nil {
		return err
	}
	folder := filepath.Dir(whole)
	// Asked for only where it is missing: to make one that exists may be denied.
	if _, err := os.Stat(folder); err != nil {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return describe("write", name, err)
		}
	}
	if err := os.WriteFile(whole, content, 0o666); err != nil {
		return describe("write", name, err)
	}
	return nil
}

// Remove removes a file.
func (files Files) Remove(name string) error {
	whole, err := files.locate(name)
	if err != nil {
		return err
	}
	if err := os.Remove(whole); err != nil {
		return describe("write", name, err)
	}
	return nil
}

// Walk lists all regular files, sorted. What is named `.git` and symbolic links are left out, and a folder that can't be read
// has nothing to show. `complete` is false where there were more than it looks at.
func (files Files) Walk() (found []string, complete bool, err error) {
	complete = true
	nodes := 0
	var visit func(folder string, depth int) error
	visit = func(folder string, depth int) error {
		entries, err := os.ReadDir(filepath.Join(string(files), filepath.FromSlash(folder)))
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
				found = append(found, name)
			}
		}
		return nil
	}
	if err := visit("", 0); err != nil {
		return nil, false, err
	}
	sort.Strings(found)
	return found, complete, nil
}
