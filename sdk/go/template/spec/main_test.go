package main

import (
	"strings"
	"testing"

	skill "skillhost/sdk"
	"skillhost/sdk/mock"
)

func TestTheModelLooksAroundAndPlans(t *testing.T) {
	host := mock.New(t, map[string]string{"README.md": "# Greetings\n"})
	said := plan{
		Document: "# Greeting\n\n## Problem\n\nNobody is greeted.\n",
		Steps:    []step{{"Greet", "Write it.", []string{"src/**"}}},
		Criteria: []criterion{{"It greets", "test"}},
	}
	host.Replies = append(host.Replies,
		mock.Calls(mock.Call("list", map[string]any{})),
		mock.Calls(mock.Call("finish", said)),
	)
	document := &skill.Document{Path: "specs/greet.md", Text: "# Greeting\n\n## Problem\n"}
	made, err := draft(host, skill.Brief{Goal: "Greet everybody", Spec: document})
	if err != nil || made.Document != (skill.Document{Path: "specs/greet.md", Text: said.Document}) {
		t.Error(made.Document, err)
	}
	if len(made.Steps) != 1 || made.Steps[0].ID != "1" || len(made.Criteria) != 1 || made.Criteria[0].Command != "test" {
		t.Error(made.Steps, made.Criteria)
	}
	if told := host.Told(1); !strings.Contains(told, "Greet everybody") || !strings.Contains(told, "README.md") {
		t.Error(told)
	}
}
