package main

import (
	"testing"

	skill "skillhost/sdk"
	"skillhost/sdk/mock"
)

func TestACriterionHoldsWhereItsCommandPassed(t *testing.T) {
	passed, failed := int32(0), int32(1)
	for _, one := range []struct {
		command string
		gates   []skill.Gate
		outcome skill.CheckOutcome
	}{
		{"test", []skill.Gate{{Evidence: "ev-1", Name: "test", ExitCode: &passed}}, skill.CheckPassed},
		{"test", []skill.Gate{{Evidence: "ev-1", Name: "test", ExitCode: &failed}}, skill.CheckFailed},
		{"test", []skill.Gate{{Evidence: "ev-1", Name: "test"}}, skill.CheckFailed},
		{"test", []skill.Gate{{Evidence: "ev-1", Name: "lint", ExitCode: &passed}}, skill.CheckNotRun},
		{"", []skill.Gate{{Evidence: "ev-1", Name: "test", ExitCode: &passed}}, skill.CheckNotRun},
	} {
		criterion := skill.Criterion{ID: "C1", Statement: "It greets", Command: one.command}
		checks, err := judge(mock.New(t, nil), skill.Brief{Criteria: []skill.Criterion{criterion}, Gates: one.gates})
		if err != nil || len(checks) != 1 || checks[0].ID != "C1" || checks[0].Outcome != one.outcome {
			t.Errorf("%v: %v, %v", one, checks, err)
		}
	}
}
