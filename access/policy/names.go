package policy

import (
	"maps"
	"slices"
	"strings"
)

// Names returns the names of the principals that rules and limits are for, in ascending bytewise
// order, without groups and without the subjects anonymous and *.
func (p *Policy) Names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(p.bySubject)), maps.Keys(p.limits))
	names = slices.DeleteFunc(names, func(subject string) bool {
		return subject == anonymous || subject == authenticated || strings.HasPrefix(subject, groupPrefix)
	})
	slices.Sort(names)
	return slices.Compact(names)
}
