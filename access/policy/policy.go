package policy

import (
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// Policy is a list of rules. It never changes, and is safe for concurrent use. The
// zero value denies everything.
type Policy struct {
	rules []Rule
	// bySubject has the rules of each subject, in their order.
	bySubject map[string][]Rule
	// limits has the limits of each subject.
	limits map[string]Limits
	// expiries are the lines that remove what is old.
	expiries Expiries
}

// newPolicy returns a policy of rules in ascending order of Line.
func newPolicy(rules []Rule) *Policy {
	p := &Policy{rules: rules, bySubject: make(map[string][]Rule)}
	for _, rule := range rules {
		p.bySubject[rule.subject] = append(p.bySubject[rule.subject], rule)
	}
	return p
}

// Default returns the policy of a server without a policy file. It allows authenticated
// callers all actions on files and access.Share, and anonymous callers anonymousActions, on all
// paths. It allows access.Admin to none, unless anonymousActions have it.
func Default(anonymousActions ...access.Action) *Policy {
	rules := []Rule{{Line: 1, subject: authenticated, actions: append(access.FileActions(), access.Share)}}
	if len(anonymousActions) > 0 {
		rules = append(rules, Rule{Line: 2, subject: anonymous, actions: slices.Clone(anonymousActions)})
	}
	return newPolicy(rules)
}

// Rules returns the rules of the policy, in their order.
func (p *Policy) Rules() []Rule { return slices.Clone(p.rules) }

// Allowed reports whether a caller may perform an action on a path. It is false for every
// path that tranship.ValidatePath refuses, except for access.Admin, whose only path is "".
func (p *Policy) Allowed(caller access.Principal, action access.Action, path string) bool {
	_, ok := p.Explain(caller, action, path)
	return ok
}

// Explain returns the first rule that allows a caller an action on a path. It returns
// false if no rule does, so that the action is denied.
func (p *Policy) Explain(caller access.Principal, action access.Action, path string) (Rule, bool) {
	var first Rule
	if action == access.Admin && path != "" || action != access.Admin && tranship.ValidatePath(path) != nil {
		return first, false
	}
	for _, rule := range p.rulesFor(caller) {
		if (first.Line == 0 || rule.Line < first.Line) && rule.allows(caller, action, path) {
			first = rule
		}
	}
	return first, first.Line > 0
}

// Prefixes returns the paths at and below which a caller may perform an action.
func (p *Policy) Prefixes(caller access.Principal, action access.Action) Prefixes {
	var all Prefixes
	for _, rule := range p.rulesFor(caller) {
		if !rule.has(action) || !rule.isFor(caller) {
			continue
		}
		if prefix, ok := rule.prefix(caller); ok {
			all = append(all, prefix)
		}
	}
	return all.top()
}

// rulesFor returns all rules whose subject covers a caller, and possibly others, in
// unspecified order.
func (p *Policy) rulesFor(caller access.Principal) []Rule {
	if caller.IsAnonymous() {
		return p.bySubject[anonymous]
	}
	rules := p.bySubject[authenticated]
	add := func(subject string) {
		if found := p.bySubject[subject]; len(found) > 0 {
			rules = append(rules[:len(rules):len(rules)], found...)
		}
	}
	add(caller.Name)
	for _, group := range caller.Groups {
		add(groupPrefix + group)
	}
	return rules
}
