package contract

import (
	"slices"

	skill "skillhost/sdk"
	"skillhost/sdk/generated/imports/skillhost_skill_ask"
	"skillhost/sdk/generated/imports/skillhost_skill_changes"
	"skillhost/sdk/generated/imports/skillhost_skill_exec"
	"skillhost/sdk/generated/imports/skillhost_skill_log"
	"skillhost/sdk/generated/imports/skillhost_skill_model"
	"skillhost/sdk/internal/check"
	"skillhost/sdk/wit/types"
)

// Host is the real one: what the component imports.
var Host skill.Host = host{"/repo"}

type host struct{ skill.Files }

var (
	levels  = names[skill.Level]{skill.LevelDebug, skill.LevelInfo, skill.LevelWarn, skill.LevelError}
	changes = names[skill.ChangeKind]{skill.ChangeAdded, skill.ChangeModified, skill.ChangeDeleted, skill.ChangeRenamed}
)

func (host) Log(level skill.Level, message string) {
	// There is nobody to tell of a wrong one, and a line that might matter is not hidden.
	if !slices.Contains(levels, level) {
		level = skill.LevelWarn
	}
	skillhost_skill_log.Log(levels.number(level), message)
}

func (host) Progress(message string, fraction float32) {
	known := wit_types.None[float32]()
	if fraction >= 0 {
		known = wit_types.Some(fraction)
	}
	skillhost_skill_log.Progress(message, known)
}

func (host) Complete(asked skill.Request) (skill.Reply, error) {
	if err := check.Request(asked); err != nil {
		return skill.Reply{}, err
	}
	return outcome(skillhost_skill_model.Complete(request(asked)), reply)
}

func (host) CompleteAll(asked []skill.Request) []skill.Completion {
	all := make([]skill.Completion, len(asked))
	var sent []skillhost_skill_model.Request
	var places []int
	for at, one := range asked {
		if all[at].Err = check.Request(one); all[at].Err == nil {
			sent, places = append(sent, request(one)), append(places, at)
		}
	}
	for at, result := range skillhost_skill_model.CompleteAll(sent) {
		all[places[at]] = completion(result)
	}
	return all
}

func (host) Window(of skill.Tier) (uint64, error) {
	if err := check.Tier(of); err != nil {
		return 0, err
	}
	return outcome(skillhost_skill_model.Window(tier(of)), same)
}

func (host) Remaining() skill.Budget {
	budget := skillhost_skill_model.Remaining()
	return skill.Budget{Tokens: pointer(budget.Tokens, same), Cost: pointer(budget.Cost, same)}
}

func (host) Commands() []skill.Command {
	return each(skillhost_skill_exec.Commands(), func(command skillhost_skill_exec.Command) skill.Command {
		return skill.Command(command)
	})
}

func (host) Granted() []string { return skillhost_skill_exec.Granted() }

func (host) Run(name string, arguments ...string) (skill.Outcome, error) {
	return outcome(skillhost_skill_exec.Run(name, arguments), func(ran skillhost_skill_exec.Outcome) skill.Outcome {
		return skill.Outcome{
			ID:         ran.Id,
			ExitCode:   pointer(ran.ExitCode, same),
			Output:     ran.Output,
			OutputSize: ran.OutputSize,
			DurationMS: ran.DurationMs,
		}
	})
}

func (host) Output(id string, offset uint64) (string, error) {
	return outcome(skillhost_skill_exec.Output(id, offset), same)
}

func (host) Changes() ([]skill.Change, error) {
	return outcome(skillhost_skill_changes.Entries(), func(entries []skillhost_skill_changes.Entry) []skill.Change {
		return each(entries, func(entry skillhost_skill_changes.Entry) skill.Change {
			return skill.Change{Path: entry.Path, Kind: changes.name(entry.Kind)}
		})
	})
}

func (host) Diff(paths ...string) (string, error) {
	return outcome(skillhost_skill_changes.Diff(paths), same)
}

func (host) Original(path string, offset uint64) ([]byte, error) {
	return outcome(skillhost_skill_changes.Original(path, offset), same)
}

func (host) Checkpoint(message string, also ...string) (string, error) {
	return outcome(skillhost_skill_changes.Checkpoint(message, also), same)
}

func (host) Ask(question string, options []string, byDefault string) (string, error) {
	return outcome(skillhost_skill_ask.Ask(question, options, byDefault), same)
}
