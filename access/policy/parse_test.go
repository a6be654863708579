package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
)

func TestParseErrors(t *testing.T) {
	for line, want := range map[string]string{
		"deny ann read a":                            "policy:2: deny is not a rule",
		"Allow ann read a":                           "Allow is not a rule",
		"allow":                                      "4 words, not 1",
		"allow ann read":                             "4 words, not 3",
		"allow ann read a b":                         "4 words, not 5",
		"allow ann read a allow bob read a":          "4 words, not 8",
		"allow ann reed a":                           `"reed" is not an action`,
		"allow ann read, a":                          `"" is not an action`,
		"allow ann read,,list a":                     `"" is not an action`,
		"allow ann read,read a":                      "read is listed twice",
		"allow ann all a":                            `"all" is not an action`,
		`allow "" read a`:                            "a name must not be empty",
		"allow group: read a":                        "group: must be followed by",
		`allow "\xff" read a`:                        "valid UTF-8",
		"allow ann read /a":                          "/a: a path must not begin with '/'",
		"allow ann read //":                          "a path must not begin with '/'",
		"allow ann read a//b":                        "empty segments",
		"allow ann read a//":                         "empty segments",
		"allow ann read .":                           "'.' or '..'",
		"allow ann read a/../b":                      "'.' or '..'",
		"allow ann read .tranship":                   "reserved",
		"allow ann read .Tranship/uploads":           "reserved",
		`allow ann read "a\nb"`:                      "control characters",
		"allow ann read home/{Principal}":            "the only placeholder is {principal}",
		"allow ann read home/{user}/x":               "the only placeholder is {principal}",
		"allow ann read home/x{principal}":           "must be a whole segment",
		"allow ann read home/{principal}.d":          "must be a whole segment",
		"allow anonymous read home/{principal}":      "no name",
		"allow ann read a#b":                         "must be quoted",
		`allow ann read a"b"`:                        "must be quoted",
		"allow ann\u00a0read a":                      "must be quoted",
		"allow ann\u202e read a":                     "must be quoted",
		"allow \x00 read a":                          "must be quoted",
		"allow ann read a\rb":                        "must be quoted",
		`allow "ann read a`:                          "must be a Go string",
		`allow "\q" read a`:                          "must be a Go string",
		`allow "ann"read a b`:                        "a blank is missing",
		"allow ann read " + strings.Repeat("a", 300): "at most 255 bytes",
	} {
		_, err := policy.Parse("policy", []byte("# a comment\n"+line+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "policy:2: ") {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
	if _, err := policy.Parse("policy", []byte("allow ann read a")); err == nil || !strings.Contains(err.Error(), "policy:1: the last line does not end in a newline") {
		t.Errorf("a line without an end: %v", err)
	}
	if _, err := policy.Parse("policy", make([]byte, policy.MaxBytes+1)); err == nil {
		t.Error("a policy longer than MaxBytes is valid")
	}
	for _, fine := range []string{"", "\n", "#\n", "  # x \"\n", "allow ann read a\r\n", "allow ann read a #\n", `allow "ann" read "a" # "` + "\n"} {
		if _, err := policy.Parse("policy", []byte(fine)); err != nil {
			t.Errorf("%q: %v", fine, err)
		}
	}
}

// decisions returns what a policy allows callers of all kinds on paths of all kinds.
func decisions(p *policy.Policy) map[string]bool {
	all := map[string]bool{}
	for _, caller := range []access.Principal{
		{}, {Name: "ann"}, {Name: "sue", Groups: []string{"staff"}}, {Name: "bob"}, {Name: ".."}, {Name: "a b"}, {Name: "anonymous "},
	} {
		for _, action := range access.FileActions() {
			for _, path := range []string{
				"a", "a b", "docs", "d", "docs/x", "home", "home/ann", "home/sue/x", "home/bob/x", "h", "drop/box", "drop/bo",
				"pub/x", "p", "any/thing", "odd", "sue/x", "{principal}", "{principal",
			} {
				if p.Allowed(caller, action, path) {
					all[strings.Join(append([]string{caller.Name, action.String(), path}, caller.Groups...), "\x00")] = true
				}
			}
		}
	}
	return all
}

// TestBeginningsAllowNoMore checks that a beginning of a file, as a program may read it
// while another writes it, allows nothing that the whole file does not.
func TestBeginningsAllowNoMore(t *testing.T) {
	whole := decisions(parse(t, example))
	valid := 0
	for n := range len(example) {
		p, err := policy.Parse("policy", []byte(example[:n]))
		if err != nil {
			continue
		}
		valid++
		for decision := range decisions(p) {
			if !whole[decision] {
				t.Errorf("the first %d bytes allow %q, which the whole file does not", n, decision)
			}
		}
	}
	if valid != strings.Count(example, "\n") {
		t.Errorf("%d beginnings are valid", valid)
	}
}

// FuzzParse checks properties of every valid policy: the String of each rule is parsed to the
// same rule, and Prefixes and Allowed agree.
func FuzzParse(f *testing.F) {
	f.Add(example, "sue", "staff", "docs/a")
	f.Add("allow * read,list {principal}/{principal}\n", "a", "", "a/a/b")
	f.Add("allow \"\\u202e \" read \"a\\\"\"\n", "..", "g", "a\"/b")
	f.Add("allow group:g write a/b\nallow x write a\n", "x", "g", "a/b/c")
	f.Fuzz(func(t *testing.T, text, name, group, path string) {
		p, err := policy.Parse("policy", []byte(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "policy:") {
				t.Errorf("an error does not say where: %v", err)
			}
			return
		}
		for _, caller := range []access.Principal{{}, {Name: name}, {Name: name, Groups: []string{group}}} {
			for _, action := range access.FileActions() {
				rule, ok := p.Explain(caller, action, path)
				if ok && tranship.ValidatePath(path) != nil {
					t.Fatalf("%v allows an invalid path %q", rule, path)
				}
				prefixes := p.Prefixes(caller, action)
				if !slices.IsSorted(prefixes) {
					t.Fatalf("prefixes are not in order: %q", prefixes)
				}
				if tranship.ValidatePath(path) == nil && prefixes.Contain(path) != ok {
					t.Fatalf("%q is in %q: %v, but allowed: %v by %v", path, prefixes, !ok, ok, rule)
				}
				for _, prefix := range prefixes {
					if tranship.ValidateDirectory(prefix) != nil || prefix != "" && !p.Allowed(caller, action, prefix) {
						t.Fatalf("%+v may not %v %q, which is a prefix", caller, action, prefix)
					}
				}
				if !ok {
					continue
				}
				again, err := policy.Parse("again", []byte(rule.String()+"\n"))
				if err != nil || !again.Allowed(caller, action, path) {
					t.Fatalf("%s is not parsed again: %v", rule, err)
				}
			}
		}
	})
}
