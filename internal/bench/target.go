package main

import "fmt"

// target is a ratio or an amount that tranship should reach.
type target struct {
	text string
	// cases are the cases in which it should be reached.
	cases []string
	// value computes the measured value, which may depend on a baseline.
	value    func(tranship, baseline result) statistic
	baseline string
	want     float64
	// goal is an even better value; 0 means none.
	goal float64
	// atMost is whether lower values are better.
	atMost bool
	// unit is what the value is divided by in reports; 0 means 1.
	unit float64
}

// targets returns this project's targets, at the default sizes.
func targets() []target {
	speed := func(t, b result) statistic { return t.speedup(b) }
	cpu := func(t, b result) statistic {
		return t.ratio(b, func(s sample) float64 { return s.ClientCPU + s.ServerCPU })
	}
	memory := func(t, _ result) statistic { return t.serverPeak() }
	link := func(t, _ result) statistic {
		return t.over(func(s sample) float64 { return float64(t.Bytes) / s.Seconds / linkBytesPerSecond })
	}
	client := func(t, _ result) statistic { return t.over(func(s sample) float64 { return float64(s.ClientPeak) }) }
	rate := func(t, _ result) statistic {
		return t.over(func(s sample) float64 { return float64(t.Files) / s.Seconds })
	}
	fallback := func(_, b result) statistic { return link(b, b) }
	plain, tls, trees := []string{"large-up", "large-down"}, []string{"large-up-tls", "large-down-tls"}, []string{"small-up", "small-down"}
	links := []string{"link-100ms-up", "link-100ms-down"}
	return []target{
		{text: "speed, against raw TCP", cases: plain, value: speed, baseline: "raw", want: 0.95, goal: 1},
		{text: "CPU of client and server, against raw TCP", cases: plain, value: cpu, baseline: "raw", want: 1.2, goal: 1.1, atMost: true},
		{text: "speed, against nginx", cases: plain, value: speed, baseline: "nginx", want: 0.95},
		{text: "speed, against the rsync daemon", cases: plain, value: speed, baseline: "rsync", want: 1.5},
		{text: "speed, against tusd", cases: plain[:1], value: speed, baseline: "tusd", want: 1.3},
		{text: "speed, against generated-code gRPC", cases: plain, value: speed, baseline: "grpc", want: 2},
		{text: "speed, against raw TLS", cases: tls, value: speed, baseline: "raw", want: 0.95},
		{text: "speed, against scp", cases: tls, value: speed, baseline: "scp", want: 3.5},
		{text: "speed, against the rsync daemon", cases: trees, value: speed, baseline: "rsync", want: 1.5, goal: 2},
		{text: "speed, against rsync --fsync", cases: []string{"small-up-durable"}, value: speed, baseline: "rsync", want: 2.3},
		{text: "speed, against rsync -a", cases: []string{"unchanged"}, value: speed, baseline: "rsync", want: 1.5, goal: 2},
		{text: "speed, against raw TCP", cases: []string{"clients-up"}, value: speed, baseline: "raw", want: 0.85},
		{text: "peak memory of the server, MiB", cases: []string{"clients-up", "clients-up-durable"}, value: memory, baseline: "tranship", want: 100, atMost: true, unit: 1 << 20},
		{text: "peak memory of the server, MiB", cases: []string{"large-up", "large-up-durable"}, value: memory, baseline: "tranship", want: 32, atMost: true, unit: 1 << 20},
		{text: "peak memory of the client, MiB", cases: plain[:1], value: client, baseline: "tranship", want: 32, atMost: true, unit: 1 << 20},
		{text: "share of the link", cases: links, value: link, baseline: "tranship", want: 0.93},
		{text: "share of the link, over gRPC", cases: links, value: fallback, baseline: "tranship-grpc", want: 0.6},
		{text: "files a second", cases: []string{"link-50ms-small-up"}, value: rate, baseline: "tranship", want: 10_000},
	}
}

// verdict is the result of a target in one case.
type verdict struct {
	Case   string  `json:"case"`
	Target string  `json:"target"`
	Want   float64 `json:"want"`
	Goal   float64 `json:"goal,omitempty"`
	AtMost bool    `json:"at_most"`
	// Value has the count 0 if it was not measured.
	Value statistic `json:"value"`
	// Verdict is "reached", "goal reached", "missed" or "not measured".
	Verdict string `json:"verdict"`
}

// judge compares a report with the targets.
func (r *report) judge() []verdict {
	var verdicts []verdict
	for _, t := range targets() {
		for _, name := range t.cases {
			v := verdict{Case: name, Target: t.text, Want: t.want, Goal: t.goal, AtMost: t.atMost}
			if table := r.table(name); table != nil {
				ours, theirs := table.result("tranship"), table.result(t.baseline)
				if ours != nil && theirs != nil {
					v.Value = t.value(*ours, *theirs).scaled(t.unit)
				}
			}
			v.Verdict = v.judge()
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}

func (v verdict) judge() string {
	// A maximum applies to every round; a ratio to the median.
	value := v.Value.Median
	reaches := func(limit float64) bool { return value >= limit }
	if v.AtMost {
		if v.Goal == 0 {
			value = v.Value.Max
		}
		reaches = func(limit float64) bool { return value <= limit }
	}
	switch {
	case v.Value.N == 0:
		return "not measured"
	case !reaches(v.Want):
		return "missed"
	case v.Goal > 0 && reaches(v.Goal):
		return "goal reached"
	}
	return "reached"
}

// limit formats the wanted value.
func (v verdict) limit() string {
	sign := "≥"
	if v.AtMost {
		sign = "≤"
	}
	text := fmt.Sprintf("%s %.4g", sign, v.Want)
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
