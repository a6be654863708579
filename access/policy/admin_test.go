package policy_test

import (
	"strings"
	"testing"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
)

// The action admin is a right of its own: no other action includes it, and it includes none.
func TestAdmin(t *testing.T) {
	p := parse(t, "allow ann admin /\nallow bob read,write,delete,list,create /\nallow group:ops read,admin /\n")
	ann, bob := access.Principal{Name: "ann"}, access.Principal{Name: "bob"}
	ops := access.Principal{Name: "eve", Groups: []string{"ops"}}
	for _, test := range []struct {
		caller  access.Principal
		action  access.Action
		path    string
		allowed bool
	}{
		{ann, access.Admin, "", true},
		{ann, access.Admin, "a", false}, // a question without a meaning
		{ann, access.Read, "a", false},
		{ann, access.Read, "", false},
		{bob, access.Admin, "", false},
		{bob, access.Read, "a", true},
		{ops, access.Admin, "", true},
		{ops, access.Read, "a", true},
		{ops, access.Write, "a", false},
		{access.Principal{}, access.Admin, "", false},
	} {
		if allowed := p.Allowed(test.caller, test.action, test.path); allowed != test.allowed {
			t.Errorf("%+v: %v %q: %v, want %v", test.caller, test.action, test.path, allowed, test.allowed)
		}
	}
	for _, caller := range []access.Principal{{}, ann, ops} {
		if policy.Default(access.FileActions()...).Allowed(caller, access.Admin, "") {
			t.Errorf("without a policy, %+v may administer the server", caller)
		}
	}
}

func TestAdminErrors(t *testing.T) {
	for line, want := range map[string]string{
		"allow ann admin docs":               "must be /",
		"allow ann read,admin {principal}":   "must be /",
		"allow anonymous admin /":            "credentials",
		"allow anonymous read,admin,write /": "credentials",
	} {
		if _, err := policy.Parse("policy", []byte(line+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}

func TestNames(t *testing.T) {
	p := parse(t, "allow bob read /\nallow ann admin /\nallow * read a\nallow group:ops admin /\nallow anonymous read b\nlimit ann max-uploads 1\nlimit zoe max-uploads 1\n")
	if got := strings.Join(p.Names(), " "); got != "ann bob zoe" {
		t.Errorf("%q", got)
	}
}
