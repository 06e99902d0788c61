package skill

import (
	"fmt"
	"strings"
)

// Markdown is the brief for a model. What stays the same through a run comes first, so that a provider's cache holds it.
func (brief Brief) Markdown() string {
	var text strings.Builder
	write := func(format string, arguments ...any) { fmt.Fprintf(&text, format, arguments...) }
	for _, document := range brief.Conventions {
		write("# Conventions: %s\n%s\n\n", document.Path, document.Text)
	}
	write("# Goal\n%s\n\n", brief.Goal)
	if brief.Spec != nil {
		write("# Specification: %s\n%s\n\n", brief.Spec.Path, brief.Spec.Text)
	}
	section(&text, "Steps", brief.Steps, func(step Step) {
		write("## %s %s\n%s\n", step.ID, step.Title, step.Instructions)
		if len(step.Files) > 0 {
			write("Files: %s\n", strings.Join(step.Files, ", "))
		}
		if len(step.After) > 0 {
			write("After: %s\n", strings.Join(step.After, ", "))
		}
	})
	section(&text, "Criteria", brief.Criteria, func(criterion Criterion) {
		write("- %s: %s", criterion.ID, criterion.Statement)
		if criterion.Command != "" {
			write(" (shown by %s)", criterion.Command)
		}
		write("\n")
	})
	section(&text, "Open findings", brief.Findings, func(finding Finding) {
		write("- %s (%s, %s)", finding.ID, finding.Severity, finding.Category)
		if finding.At != nil {
			write(" at %s", finding.At.Path)
			if finding.At.Line > 0 {
				write(":%d", finding.At.Line)
			}
		}
		write(": %s\n", finding.Message)
		if finding.Suggestion != "" {
			write("  Suggestion: %s\n", finding.Suggestion)
		}
	})
	section(&text, "The author's answers", brief.Answers, func(answer Answer) {
		write("- %s: %s\n", answer.Finding, answer.Text)
	})
	section(&text, "Gates", brief.Gates, func(gate Gate) {
		ended := "ended by a signal or a limit"
		if gate.ExitCode != nil {
			ended = fmt.Sprintf("exit code %d", *gate.ExitCode)
		}
		write("## %s (evidence %s): %s\n%s\n", gate.Name, gate.Evidence, ended, gate.Output)
	})
	return text.String()
}

// A heading and what is below it, where there is anything.
func section[T any](text *strings.Builder, title string, all []T, write func(T)) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(text, "# %s\n", title)
	for _, one := range all {
		write(one)
	}
	text.WriteString("\n")
}
