package contract

import (
	skill "skillhost/sdk"
	"skillhost/sdk/generated/imports/skillhost_skill_implement"
	"skillhost/sdk/generated/imports/skillhost_skill_review"
	"skillhost/sdk/generated/imports/skillhost_skill_spec"
	types "skillhost/sdk/generated/imports/skillhost_skill_types"
	"skillhost/sdk/generated/imports/skillhost_skill_verify"
	"skillhost/sdk/wit/types"
)

// Brief is what a skill is told.
func Brief(from types.Brief) skill.Brief {
	return skill.Brief{
		Run:         from.Run,
		Agent:       from.Agent,
		Goal:        from.Goal,
		Base:        from.Base,
		Conventions: each(from.Conventions, document),
		Spec:        pointer(from.Spec, document),
		Steps:       each(from.Steps, step),
		Criteria:    each(from.Criteria, criterion),
		Findings:    each(from.Findings, finding),
		Answers:     each(from.Answers, answer),
		Gates:       each(from.Gates, gate),
	}
}

func document(from types.Document) skill.Document { return skill.Document(from) }

func answer(from types.Answer) skill.Answer { return skill.Answer(from) }

func step(from types.Step) skill.Step {
	return skill.Step{
		ID:           from.Id,
		Title:        from.Title,
		Instructions: from.Instructions,
		Files:        from.Files,
		After:        from.After,
		Criteria:     from.Criteria,
	}
}

func criterion(from types.Criterion) skill.Criterion {
	return skill.Criterion{ID: from.Id, Statement: from.Statement, Command: from.Command.SomeOr("")}
}

func finding(from types.Finding) skill.Finding {
	return skill.Finding{
		ID:       from.Id,
		Severity: severities.name(from.Severity),
		Category: from.Category,
		Message:  from.Message,
		At: pointer(from.At, func(at types.Location) skill.Location {
			return skill.Location{Path: at.Path, Line: at.Line.SomeOr(0)}
		}),
		Quote:      from.Quote.SomeOr(""),
		Suggestion: from.Suggestion.SomeOr(""),
	}
}

func gate(from types.Gate) skill.Gate {
	return skill.Gate{
		Evidence: from.Evidence,
		Name:     from.Name,
		ExitCode: pointer(from.ExitCode, same),
		Tests:    pointer(from.Tests, same),
		Output:   from.Output,
	}
}

// Subject is what is reviewed: a spec, or nil for the change.
func Subject(from skillhost_skill_review.Subject) *skill.Document {
	if from.Tag() != skillhost_skill_review.Subject_Spec {
		return nil
	}
	spec := document(from.Spec())
	return &spec
}

// Specification is what a skill of the kind spec returns.
func Specification(made skill.Specification) skillhost_skill_spec.Specification {
	return skillhost_skill_spec.Specification{
		Document:    types.Document(made.Document),
		Steps:       each(made.Steps, toStep),
		Criteria:    each(made.Criteria, toCriterion),
		Assumptions: made.Assumptions,
		Answers:     each(made.Answers, toAnswer),
	}
}

// Report is what a skill of the kind review returns.
func Report(made skill.Report) skillhost_skill_review.Report {
	return skillhost_skill_review.Report{
		Findings: each(made.Findings, toFinding),
		Verdicts: each(made.Verdicts, func(verdict skill.Verdict) skillhost_skill_review.Verdict {
			return skillhost_skill_review.Verdict(verdict)
		}),
	}
}

// Summary is what a skill of the kind implement returns.
func Summary(made skill.Summary) skillhost_skill_implement.Summary {
	return skillhost_skill_implement.Summary{
		Title:      made.Title,
		What:       made.What,
		Why:        made.Why,
		Breaking:   made.Breaking,
		Rollback:   made.Rollback,
		Unfinished: made.Unfinished,
		Answers:    each(made.Answers, toAnswer),
	}
}

// What says nothing is not run.
var outcomes = map[skill.CheckOutcome]uint8{
	skill.CheckPassed: skillhost_skill_verify.Outcome_Passed,
	skill.CheckFailed: skillhost_skill_verify.Outcome_Failed,
}

// Checks are what a skill of the kind verify returns.
func Checks(made []skill.Check) []skillhost_skill_verify.Check {
	return each(made, func(check skill.Check) skillhost_skill_verify.Check {
		outcome, found := outcomes[check.Outcome]
		if !found {
			outcome = skillhost_skill_verify.Outcome_NotRun
		}
		return skillhost_skill_verify.Check{Id: check.ID, Outcome: outcome, Evidence: check.Evidence, Detail: check.Detail}
	})
}

func toStep(step skill.Step) types.Step {
	return types.Step{
		Id:           step.ID,
		Title:        step.Title,
		Instructions: step.Instructions,
		Files:        step.Files,
		After:        step.After,
		Criteria:     step.Criteria,
	}
}

func toAnswer(answer skill.Answer) types.Answer { return types.Answer(answer) }

func toCriterion(criterion skill.Criterion) types.Criterion {
	return types.Criterion{Id: criterion.ID, Statement: criterion.Statement, Command: unlessEmpty(criterion.Command)}
}

func toFinding(finding skill.Finding) types.Finding {
	at := wit_types.None[types.Location]()
	if finding.At != nil {
		at = wit_types.Some(types.Location{Path: finding.At.Path, Line: unlessEmpty(finding.At.Line)})
	}
	return types.Finding{
		Id:         finding.ID,
		Severity:   severities.number(finding.Severity),
		Category:   finding.Category,
		At:         at,
		Quote:      unlessEmpty(finding.Quote),
		Message:    finding.Message,
		Suggestion: unlessEmpty(finding.Suggestion),
	}
}
