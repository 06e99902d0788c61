package skill

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Replace puts `replacement` in the place of `old`, which has to be in the text exactly once; ErrInvalid otherwise. Line endings
// of both become those of the text, so that a model, which writes `\n`, can edit any file.
func Replace(text, old, replacement string) (string, error) {
	if old == "" {
		return "", Invalid("the text to replace is empty")
	}
	if ends := strings.Count(text, "\r\n"); ends > 0 && ends == strings.Count(text, "\n") {
		old, replacement = withCarriageReturns(old), withCarriageReturns(replacement)
	}
	switch count := strings.Count(text, old); count {
	case 0:
		return "", Invalid("the text to replace is not there%s", hint(text, old))
	case 1:
		return strings.Replace(text, old, replacement, 1), nil
	default:
		return "", Invalid("the text to replace is there %d times, so it occurs more than once: add the lines around the one "+
			"you mean; the first is on line %d", count, strings.Count(text[:strings.Index(text, old)], "\n")+1)
	}
}

func withCarriageReturns(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
}

// Where its first line would be, if only white space differed.
func hint(text, old string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(old), "\n")
	first = strings.TrimSpace(first)
	if first == "" {
		return ""
	}
	for number, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == first {
			return fmt.Sprintf("; line %d is like its first line: %q", number+1, shown(line))
		}
	}
	return ""
}

// Clip gives the beginning of a text, of at most so many bytes and whole characters, with a notice where something was cut off.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s\n[%d more bytes are not shown: ask for less at once]", text[:end], len(text)-end)
}
