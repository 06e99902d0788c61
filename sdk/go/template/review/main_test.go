package main

import (
	"strings"
	"testing"

	skill "skillhost/sdk"
	"skillhost/sdk/mock"
)

const finding = `{"severity": "major", "category": "edge-cases", "path": "a.py", "quote": "1 / 0", "message": "It fails."}`

func TestWhatTheModelFindsIsReported(t *testing.T) {
	host := mock.New(t, nil)
	host.Put("a.py", "x = 1 / 0\n")
	host.Replies = append(host.Replies, mock.Text(`{"findings": [`+finding+`], "closed": ["F1"]}`))
	brief := skill.Brief{Goal: "Divide", Findings: []skill.Finding{{ID: "F1"}, {ID: "F2"}}}
	made, err := look(host, brief, nil)
	if err != nil || len(made.Findings) != 1 || made.Findings[0].At.Path != "a.py" || made.Findings[0].Severity != skill.Major {
		t.Fatal(made.Findings, err)
	}
	if len(made.Verdicts) != 2 || !made.Verdicts[0].Closed || made.Verdicts[1].Closed {
		t.Error(made.Verdicts)
	}
	if told := host.Told(0); !strings.Contains(told, "+x = 1 / 0") {
		t.Error(told)
	}
}

func TestASpecIsShown(t *testing.T) {
	host := mock.New(t, nil)
	host.Replies = append(host.Replies, mock.Text("none"), mock.Text(`{"findings": [], "closed": []}`))
	made, err := look(host, skill.Brief{Goal: "Divide"}, &skill.Document{Path: "spec.md", Text: "It computes 1 / 0.\n"})
	if err != nil || len(made.Findings) != 0 || !strings.Contains(host.Told(0), "It computes 1 / 0.") {
		t.Error(made, err)
	}
}
