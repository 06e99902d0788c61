package skill

import (
	"path"
	"strings"
)

// Patterns that one pattern with groups may stand for; more would be a way to make a skill spin.
const maxAlternatives = 256

// Glob says whether the pattern matches the whole path, as the host understands globs: `*` and `?` stay within a name,
// `**` crosses directories, `{a,b}` chooses. For what a skill shows and proposes; what it may do, the host decides.
func Glob(pattern, name string) bool {
	left := maxAlternatives
	return expand(strings.TrimPrefix(pattern, "./"), strings.Split(name, "/"), &left)
}

func expand(pattern string, name []string, left *int) bool {
	before, rest, found := strings.Cut(pattern, "{")
	if !found {
		*left--
		return *left >= 0 && pattern != "" && matches(strings.Split(pattern, "/"), name)
	}
	group, after, closed := strings.Cut(rest, "}")
	if !closed {
		return false
	}
	for _, choice := range strings.Split(group, ",") {
		if *left > 0 && expand(before+choice+after, name, left) {
			return true
		}
	}
	return false
}

// Going back to the last `**` is enough, so it costs no more than the product of both lengths.
func matches(pattern, name []string) bool {
	p, n, star, from := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, from = p, n
			p++
		case p < len(pattern) && matchesName(pattern[p], name[n]):
			p++
			n++
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	for ; p < len(pattern); p++ {
		if pattern[p] != "**" {
			return false
		}
	}
	return true
}

// `[` is a character like any other for the host.
func matchesName(pattern, name string) bool {
	matched, err := path.Match(strings.NewReplacer(`[`, `\[`, `\`, `\\`).Replace(pattern), name)
	return err == nil && matched
}
