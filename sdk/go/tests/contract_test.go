package tests

import (
	"strings"
	"testing"

	skill "skillhost/sdk"
	"skillhost/sdk/implement"
	"skillhost/sdk/mock"
	"skillhost/sdk/review"
	"skillhost/sdk/spec"
	"skillhost/sdk/tool"
	"skillhost/sdk/verify"
)

func TestASeverityThatIsNoneIsToldWithItsPlace(t *testing.T) {
	for severity, failure := range map[skill.Severity]string{
		skill.Nit:  "",
		"critical": `failed: findings[1].severity: "critical" is none of nit, minor, major, blocker`,
		"":         `failed: findings[1].severity: "" is none of nit, minor, major, blocker`,
	} {
		found := review.Review(func(skill.Host, skill.Brief, *skill.Document) (skill.Report, error) {
			return skill.Report{Findings: []skill.Finding{{Severity: skill.Blocker}, {Severity: severity}}}, nil
		})
		_, err := found.Call(mock.New(t, nil), skill.Brief{}, nil)
		if err == nil && failure != "" || err != nil && err.Error() != failure {
			t.Errorf("%q: %v", severity, err)
		}
	}
}

func TestARequestWithNamesThatAreNoneIsInvalid(t *testing.T) {
	for _, one := range []struct {
		request skill.Request
		failure string
	}{
		{skill.Request{Tier: "huge"}, `invalid: tier: "huge" is none of cheap, standard, capable`},
		{skill.Request{ToolChoice: "must"}, `invalid: tool choice: "must" is none of auto, required, none`},
		{skill.Request{Messages: []skill.Message{{Speaker: "system"}}}, `invalid: messages[0].speaker: "system" is none of user, assistant`},
	} {
		host := mock.New(t, nil)
		host.Replies = append(host.Replies, mock.Text("well"))
		all := host.CompleteAll([]skill.Request{one.request, {}})
		if all[0].Err == nil || all[0].Err.Error() != one.failure || all[1].Err != nil {
			t.Error(all)
		}
	}
	if _, err := mock.New(t, nil).Window("huge"); err == nil {
		t.Error("there is no such tier")
	}
}

func TestWhatWasNotExportedIsTold(t *testing.T) {
	host, brief := mock.New(t, nil), skill.Brief{}
	failures := map[string]error{}
	_, failures["spec"] = spec.Spec(nil).Call(host, brief)
	_, failures["review"] = review.Review(nil).Call(host, brief, nil)
	_, failures["implement"] = implement.Implement(nil).Call(host, brief)
	_, failures["verify"] = verify.Verify(nil).Call(host, brief)
	_, failures["tool"] = tool.Tools(nil).Call(host, "count", "{}")
	for kind, err := range failures {
		if err == nil || !strings.HasPrefix(err.Error(), "failed: nothing was exported: call "+kind+".Export in an init") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
