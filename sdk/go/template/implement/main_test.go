package main

import (
	"strings"
	"testing"

	skill "skillhost/sdk"
	"skillhost/sdk/mock"
)

func TestTheModelEditsAndFinishes(t *testing.T) {
	host := mock.New(t, map[string]string{"greeting.txt": "hallo\n"})
	host.Replies = append(host.Replies,
		mock.Calls(mock.Call("edit", map[string]string{"path": "greeting.txt", "old": "hallo", "new": "hello"})),
		mock.Calls(mock.Call("finish", summary{Title: "", What: "It greets."})),
		mock.Calls(mock.Call("finish", summary{Title: "Greet everybody", What: "It greets.", Why: "Nobody did."})),
	)
	made, err := change(host, skill.Brief{Goal: "Greet everybody"})
	if err != nil || made.Title != "Greet everybody" || host.Text("greeting.txt") != "hello\n" {
		t.Error(made, err, host.Text("greeting.txt"))
	}
	if told := host.Told(2); !strings.Contains(told, "+hello") || !strings.Contains(told, "`title` needs 1 to 72 characters") {
		t.Error(told)
	}
}
