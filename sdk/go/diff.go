package skill

import (
	"fmt"
	"strings"
)

// Lines that are shown around a change.
const around = 3

// Cells of the table that finds what two texts have in common: 16 MiB.
const maxCells = 4 << 20

// Diff is a unified diff of two texts of a file, as `git diff` writes one; empty where nothing differs. Where they differ in too
// much to compare line by line, all between the first and the last difference is one change.
func Diff(path, before, after string) string {
	if before == after {
		return ""
	}
	old, changed := lines(before), lines(after)
	head, tail := 0, 0
	for head < min(len(old), len(changed)) && old[head] == changed[head] {
		head++
	}
	for tail < min(len(old), len(changed))-head && old[len(old)-1-tail] == changed[len(changed)-1-tail] {
		tail++
	}
	steps := same(nil, old[:head])
	steps = compare(steps, old[head:len(old)-tail], changed[head:len(changed)-tail])
	steps = same(steps, old[len(old)-tail:])

	var into strings.Builder
	fmt.Fprintf(&into, "--- %s\n+++ %s\n", side("a/", path, old), side("b/", path, changed))
	writeHunks(&into, steps)
	return into.String()
}

// A line of the script that leads from one text to the other.
type step struct {
	sign byte
	line string
}

// Lines with their ends: nothing but `\n` ends one, as for git.
func lines(text string) []string {
	all := strings.SplitAfter(text, "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

func side(prefix, path string, lines []string) string {
	if len(lines) == 0 {
		return "/dev/null"
	}
	return prefix + path
}

func same(steps []step, lines []string) []step { return signed(steps, ' ', lines) }

func signed(steps []step, sign byte, lines []string) []step {
	for _, line := range lines {
		steps = append(steps, step{sign, line})
	}
	return steps
}

// What two texts have in common, by the longest common subsequence; none of it where the table would be too large.
func compare(steps []step, old, changed []string) []step {
	width := len(changed) + 1
	if len(old) == 0 || len(changed) == 0 || len(old)+1 > maxCells/width {
		return signed(signed(steps, '-', old), '+', changed)
	}
	table := make([]uint32, (len(old)+1)*width)
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(changed) - 1; j >= 0; j-- {
			if old[i] == changed[j] {
				table[i*width+j] = table[(i+1)*width+j+1] + 1
			} else {
				table[i*width+j] = max(table[(i+1)*width+j], table[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(old) && j < len(changed) {
		switch {
		case old[i] == changed[j]:
			steps = append(steps, step{' ', old[i]})
			i, j = i+1, j+1
		case table[(i+1)*width+j] >= table[i*width+j+1]:
			steps = append(steps, step{'-', old[i]})
			i++
		default:
			steps = append(steps, step{'+', changed[j]})
			j++
		}
	}
	return signed(signed(steps, '-', old[i:]), '+', changed[j:])
}

func writeHunks(into *strings.Builder, steps []step) {
	oldLine, newLine, at := 0, 0, 0
	for {
		// The next change, and the last one that is near enough to it to share its hunk.
		change := at
		for change < len(steps) && steps[change].sign == ' ' {
			change++
		}
		if change == len(steps) {
			return
		}
		last := change
		for i := change; i < len(steps) && i-last <= 2*around+1; i++ {
			if steps[i].sign != ' ' {
				last = i
			}
		}
		from, to := max(at, change-around), min(len(steps), last+1+around)
		oldLine, newLine = oldLine+from-at, newLine+from-at
		olds, news := count(steps[from:to], '+'), count(steps[from:to], '-')
		fmt.Fprintf(into, "@@ -%s +%s @@\n", span(oldLine, olds), span(newLine, news))
		for _, step := range steps[from:to] {
			into.WriteByte(step.sign)
			into.WriteString(step.line)
			if !strings.HasSuffix(step.line, "\n") {
				into.WriteString("\n\\ No newline at end of file\n")
			}
		}
		oldLine, newLine, at = oldLine+olds, newLine+news, to
	}
}

// How many steps have another sign than this.
func count(steps []step, sign byte) (others int) {
	for _, step := range steps {
		if step.sign != sign {
			others++
		}
	}
	return others
}

// `a,b` as diffs count: a hunk without lines stands behind the line before it.
func span(first, count int) string {
	if count > 0 {
		first++
	}
	if count == 1 {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d,%d", first, count)
}
