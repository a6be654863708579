package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// verdict is the result of a target in one case.
type verdict struct {
	Case       string  `json:"case"`
	Contestant string  `json:"contestant"`
	Target     string  `json:"target"`
	Want       float64 `json:"want"`
	Goal       float64 `json:"goal,omitempty"`
	AtMost     bool    `json:"at_most"`
	// Always is whether every round must reach the target, instead of the median.
	Always bool `json:"always,omitempty"`
	// Value has the count 0 if it was not measured.
	Value statistic `json:"value"`
	// Verdict is "reached", "goal reached", "within its quartiles", "missed", leftOut, or why
	// the target was not measured.
	Verdict string `json:"verdict"`
}

// leftOut is the verdict on a target whose case or contestant the run was told to leave out.
const leftOut = "left out"

// judge compares a report with the targets.
func (r *report) judge() []verdict {
	var verdicts []verdict
	for _, t := range targets() {
		for _, name := range t.cases {
			v := verdict{Case: name, Contestant: t.ours(), Target: t.text, Want: t.want, Goal: t.goal, AtMost: t.atMost, Always: t.always, Verdict: leftOut}
			if table := r.table(name); table != nil {
				v.Value = table.value(t)
				v.Verdict = v.judge()
				if v.Value.N == 0 {
					v.Verdict = table.absence(t)
				}
			}
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}

// value returns the value of a target; the count is 0 if it was not measured.
func (t *table) value(of target) statistic {
	ours, theirs := t.result(of.ours()), t.result(of.theirs())
	if ours == nil || theirs == nil {
		return statistic{}
	}
	return of.value(*ours, *theirs).scaled(of.unit)
}

// absence returns the verdict on a target that was not measured.
func (t *table) absence(of target) string {
	for _, name := range []string{of.ours(), of.theirs()} {
		for _, r := range t.Results {
			if r.Contestant == name && r.Failure != "" {
				return "not measured: " + name + " failed"
			}
		}
		for _, s := range t.Skipped {
			if s.Contestant == name {
				return fmt.Sprintf("not measured: %s: %s", name, strings.ReplaceAll(s.Why, "\n", " "))
			}
		}
		if t.result(name) == nil {
			return leftOut
		}
	}
	return "not measured: no round has all figures"
}

// judge compares the value with what is wanted. A value whose quartiles include what is
// wanted reaches it as far as the rounds can tell.
func (v verdict) judge() string {
	value, likely := v.Value.Median, v.Value.Upper
	reaches := func(value, limit float64) bool { return value >= limit }
	if v.AtMost {
		likely = v.Value.Lower
		reaches = func(value, limit float64) bool { return value <= limit }
	}
	if v.Always {
		value, likely = v.Value.Max, v.Value.Max
	}
	switch {
	case v.Goal > 0 && reaches(value, v.Goal):
		return "goal reached"
	case reaches(value, v.Want):
		return "reached"
	case reaches(likely, v.Want):
		return "within its quartiles"
	}
	return "missed"
}

// nearness is how close to a target a median is that more rounds may move to its other side.
const nearness = 0.15

// near reports whether a contestant takes part in a comparison of the table that more rounds
// may decide.
func (t *table) near(contestant string) bool {
	return slices.ContainsFunc(targets(), func(of target) bool {
		if of.always || of.few || !slices.Contains(of.cases, t.Case) || contestant != of.ours() && contestant != of.theirs() {
			return false
		}
		value := t.value(of)
		within := value.Min <= of.want && of.want <= value.Max
		return value.N > 1 && (within || math.Abs(value.Median/of.want-1) <= nearness)
	})
}

// limit formats the wanted value.
func (v verdict) limit() string {
	sign := "≥"
	if v.AtMost {
		sign = "≤"
	}
	text := sign + " " + strconv.FormatFloat(v.Want, 'f', -1, 64)
	if v.Goal > 0 {
		text += fmt.Sprintf(" (goal %.4g)", v.Goal)
	}
	return text
}

func (r *report) table(name string) *table {
	for i := range r.Tables {
		if r.Tables[i].Case == name {
			return &r.Tables[i]
		}
	}
	return nil
}
