package guard_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
)

// naiveRule is a rule of a policy in the simplest implementation.
type naiveRule struct {
	subject string
	actions []access.Action
	path    string
}

func (r naiveRule) allows(p access.Principal, action access.Action, path string) bool {
	var matches bool
	switch {
	case r.subject == "anonymous":
		matches = p.Name == ""
	case r.subject == "*":
		matches = p.Name != ""
	case strings.HasPrefix(r.subject, "group:"):
		matches = p.Name != "" && slices.Contains(p.Groups, strings.TrimPrefix(r.subject, "group:"))
	default:
		matches = p.Name == r.subject
	}
	if !matches || !slices.Contains(r.actions, action) {
		return false
	}
	if r.path == "/" {
		return true
	}
	want, have := strings.Split(r.path, "/"), strings.Split(path, "/")
	if len(have) < len(want) {
		return false
	}
	for i, segment := range want {
		if segment == "{principal}" {
			segment = p.Name
			if segment == "" || segment == "." || segment == ".." || strings.Contains(segment, "/") {
				return false
			}
		}
		if segment != have[i] {
			return false
		}
	}
	return true
}

type naivePolicy []naiveRule

func (n naivePolicy) allows(p access.Principal, action access.Action, path string) bool {
	return slices.ContainsFunc(n, func(r naiveRule) bool { return r.allows(p, action, path) })
}

// parsed returns the same policy in the form that the guard uses.
func (n naivePolicy) parsed(t *testing.T) *policy.Policy {
	var text strings.Builder
	for _, rule := range n {
		var actions []string
		for _, action := range rule.actions {
			actions = append(actions, action.String())
		}
		fmt.Fprintf(&text, "allow %s %s %s\n", rule.subject, strings.Join(actions, ","), rule.path)
	}
	return parse(t, text.String())
}

// changing is a policy that tests replace, also while a server uses it.
type changing struct{ now atomic.Pointer[policy.Policy] }

func (c *changing) Allowed(caller access.Principal, action access.Action, path string) bool {
	return c.now.Load().Allowed(caller, action, path)
}

func (c *changing) Prefixes(caller access.Principal, action access.Action) policy.Prefixes {
	return c.now.Load().Prefixes(caller, action)
}
