// Package check finds names that the contract does not have: Go lets any text stand for one of them.
package check

import (
	"fmt"
	"slices"
	"strings"

	skill "skillhost/sdk"
)

// Bytes of a name that an error shows.
const maxShown = 60

// Report fails where a finding has a severity that is none.
func Report(made skill.Report) error {
	for index, finding := range made.Findings {
		if wrong := among(finding.Severity, skill.Nit, skill.Minor, skill.Major, skill.Blocker); wrong != "" {
			return skill.Failed("findings[%d].severity: %s", index, wrong)
		}
	}
	return nil
}

// Tier fails where it is none; an empty one is Standard.
func Tier(tier skill.Tier) error {
	if wrong := among(tier, skill.Cheap, skill.Standard, skill.Capable); wrong != "" && tier != "" {
		return skill.Invalid("tier: %s", wrong)
	}
	return nil
}

// Request fails where its tier, its choice or a speaker is none.
func Request(asked skill.Request) error {
	if err := Tier(asked.Tier); err != nil {
		return err
	}
	choice := asked.ToolChoice
	wrong := among(choice, skill.ToolChoiceAuto, skill.ToolChoiceRequired, skill.ToolChoiceNone)
	if wrong != "" && choice != "" {
		return skill.Invalid("tool choice: %s", wrong)
	}
	for index, message := range asked.Messages {
		if wrong := among(message.Speaker, skill.User, skill.Assistant); wrong != "" {
			return skill.Invalid("messages[%d].speaker: %s", index, wrong)
		}
	}
	return nil
}

// What is wrong with a name; empty where it is one of them.
func among[T ~string](name T, all ...T) string {
	if slices.Contains(all, name) {
		return ""
	}
	var names []string
	for _, one := range all {
		names = append(names, string(one))
	}
	return fmt.Sprintf("%q is none of %s", skill.Clip(string(name), maxShown), strings.Join(names, ", "))
}
