package policy_test

import (
	"strings"
	"testing"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
)

// The right to share is its own: no other action has it, and it has no other action.
func TestShare(t *testing.T) {
	rules, err := policy.Parse("policy", []byte("allow ann share docs\nallow bob read,write,delete,list,create /\nallow ops admin /\nallow group:staff read,share home/{principal}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		caller access.Principal
		path   string
		want   bool
	}{
		{access.Principal{Name: "ann"}, "docs", true},
		{access.Principal{Name: "ann"}, "docs/a/b", true},
		{access.Principal{Name: "ann"}, "docs2", false},
		{access.Principal{Name: "ann"}, "", false},
		{access.Principal{Name: "bob"}, "docs", false},
		{access.Principal{Name: "ops"}, "docs", false},
		{access.Principal{Name: "eve", Groups: []string{"staff"}}, "home/eve/a", true},
		{access.Principal{Name: "eve", Groups: []string{"staff"}}, "home/ann/a", false},
		{access.Principal{}, "docs", false},
	} {
		if got := rules.Allowed(test.caller, access.Share, test.path); got != test.want {
			t.Errorf("%+v may share %q: %v", test.caller, test.path, got)
		}
	}
	for _, action := range access.FileActions() {
		if rules.Allowed(access.Principal{Name: "ann"}, action, "docs/a") {
			t.Errorf("share includes %v", action)
		}
	}
	if _, err := policy.Parse("policy", []byte("allow anonymous read,share /\n")); err == nil || !strings.Contains(err.Error(), "share") {
		t.Errorf("anonymous callers may share: %v", err)
	}
	if everyone := policy.Default(access.FileActions()...); !everyone.Allowed(access.Principal{Name: "ann"}, access.Share, "a") || everyone.Allowed(access.Principal{}, access.Share, "a") {
		t.Error("a server without a policy lets the wrong callers share")
	}
}
