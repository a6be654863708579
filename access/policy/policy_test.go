package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
)

func parse(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const example = `# Who may do what.
allow ann     read,write,delete,list  /
allow group:staff  read,list  docs/   # with all below

allow *       read,write,delete,list  home/{principal}
	allow	bob	write	drop/box
allow anonymous  read  pub
allow "CN=Eve \"E\" Smith, O=x" read "a b"
allow "anonymous " read odd
allow * list {principal}
`

func TestAllowed(t *testing.T) {
	p := parse(t, example)
	staff := func(name string) access.Principal {
		return access.Principal{Name: name, Groups: []string{"x", "staff"}}
	}
	named := func(name string) access.Principal { return access.Principal{Name: name} }
	for _, test := range []struct {
		caller access.Principal
		action access.Action
		path   string
		line   int // 0: denied
	}{
		{named("ann"), access.Delete, "any/thing", 2},
		{named("ann"), access.Read, "home/ann/x", 2}, // the first counts
		{named("Ann"), access.Read, "any/thing", 0},
		{named("ann "), access.Read, "any/thing", 0},
		{named("ann"), 0, "any/thing", 0},

		{staff("sue"), access.Read, "docs", 3},
		{staff("sue"), access.List, "docs/a/b", 3},
		{staff("sue"), access.Write, "docs/a", 0},
		{staff("sue"), access.Read, "docs2", 0},
		{staff("sue"), access.Read, "docs2/a", 0},
		{staff("sue"), access.Read, "Docs/a", 0},
		{staff("sue"), access.Read, "a/docs/a", 0},
		{named("sue"), access.Read, "docs/a", 0},
		{staff(""), access.Read, "docs/a", 0},
		{named("group:staff"), access.Read, "docs/a", 0},
		{named("staff"), access.Read, "docs/a", 0},
		{access.Principal{Name: "sue", Groups: []string{"group:staff", "Staff", "*", "ann"}}, access.Read, "docs/a", 0},

		{named("sue"), access.Write, "home/sue", 5},
		{named("sue"), access.Write, "home/sue/a/b", 5},
		{named("sue"), access.Write, "home/bob/a", 0},
		{named("sue"), access.Write, "home", 0},
		{named("sue"), access.Write, "home/sue2", 0},
		{named("sue"), access.Write, "home/{principal}/a", 0},
		{named("{principal}"), access.Write, "home/{principal}/a", 5},
		{named("日本"), access.Write, "home/日本/a", 5},
		{named("caf\u00e9"), access.Write, "home/cafe\u0301/a", 0}, // bytes are compared
		{named("*"), access.Write, "home/*/a", 5},
		{named("anonymous"), access.Write, "home/anonymous/a", 5},
		{named(""), access.Write, "home", 0},
		{named(""), access.Write, "home//a", 0},

		{named("."), access.Write, "home/a", 0},
		{named(".."), access.Write, "a", 0},
		{named("../docs"), access.Write, "docs/a", 0},
		{named("bob/x"), access.Write, "home/bob/x/a", 0},
		{named("/"), access.Write, "home/a", 0},
		{named("a\x00"), access.Write, "home/a\x00/b", 0},
		{named("a\xff"), access.Write, "home/a\xff/b", 0},
		{named(strings.Repeat("n", 256)), access.Write, "home/" + strings.Repeat("n", 256) + "/a", 0},
		{named(".tranship"), access.List, ".tranship/a", 0},
		{named(".tranship"), access.Write, "home/.tranship/a", 5},
		{named("sue"), access.List, "sue/a", 10},

		{named("bob"), access.Write, "drop/box/a", 6},
		{named("bob"), access.Read, "drop/box/a", 0},
		{named("bob"), access.Write, "drop", 0},

		{named(""), access.Read, "pub/a", 7},
		{named(""), access.List, "pub/a", 0},
		{named("anonymous"), access.Read, "pub/a", 0},
		{named("ann"), access.Read, "pub/a", 2},
		{named("bob"), access.Read, "pub/a", 0}, // an authenticated caller is not anonymous

		{named(`CN=Eve "E" Smith, O=x`), access.Read, "a b/c", 8},
		{named("anonymous "), access.Read, "odd", 9},

		{named("ann"), access.Read, "", 0},
		{named("ann"), access.Read, "/", 0},
		{named("ann"), access.Read, "a/", 0},
		{named("ann"), access.Read, "a/../b", 0},
		{named("ann"), access.Read, ".tranship/a", 0},
	} {
		rule, ok := p.Explain(test.caller, test.action, test.path)
		if rule.Line != test.line || ok != (test.line > 0) || p.Allowed(test.caller, test.action, test.path) != ok {
			t.Errorf("%+v %v %q: %v by line %d, want line %d", test.caller, test.action, test.path, ok, rule.Line, test.line)
		}
	}
	var none policy.Policy
	if none.Allowed(named("ann"), access.Read, "a") || none.Prefixes(named("ann"), access.Read) != nil {
		t.Error("the zero policy allows something")
	}
}

func TestDefault(t *testing.T) {
	for name, test := range map[string]struct {
		policy *policy.Policy
		want   []access.Action
	}{
		"nothing": {policy.Default(), nil},
		"reading": {policy.Default(access.Read, access.List), []access.Action{access.Read, access.List}},
		"all":     {policy.Default(access.FileActions()...), access.Actions()},
	} {
		for _, action := range access.FileActions() {
			if !test.policy.Allowed(access.Principal{Name: "ann"}, action, "a/b") {
				t.Errorf("%s: ann may not %v", name, action)
			}
			if got := test.policy.Allowed(access.Principal{}, action, "a/b"); got != slices.Contains(test.want, action) {
				t.Errorf("%s: anonymous callers may %v: %v", name, action, got)
			}
		}
	}
}

func TestPrefixes(t *testing.T) {
	p := parse(t, `allow * list a/b
allow * list a/b/c
allow * list a-b
allow * list a/b
allow ann list z
allow group:g list a/bc
allow group:all list /
allow * read a
`)
	for _, test := range []struct {
		caller access.Principal
		want   policy.Prefixes
	}{
		{access.Principal{Name: "ann"}, policy.Prefixes{"a-b", "a/b", "z"}},
		{access.Principal{Name: "bob", Groups: []string{"g", "h", "g"}}, policy.Prefixes{"a-b", "a/b", "a/bc"}},
		{access.Principal{Name: "bob", Groups: []string{"g", "all"}}, policy.Prefixes{""}},
		{access.Principal{}, nil},
	} {
		if got := p.Prefixes(test.caller, access.List); !slices.Equal(got, test.want) {
			t.Errorf("%+v: %q, want %q", test.caller, got, test.want)
		}
	}
	prefixes := policy.Prefixes{"a-b", "a/b", "z"}
	for _, path := range []string{"a-b", "a-b/c", "a/b", "a/b/c/d", "z/z"} {
		if !prefixes.Contain(path) {
			t.Errorf("%q is not contained", path)
		}
	}
	for _, path := range []string{"", "a", "a-bc", "a/bc", "y", "zz", "a-"} {
		if prefixes.Contain(path) {
			t.Errorf("%q is contained", path)
		}
	}
}
