package main

import "slices"

// target is a ratio or an amount that a contestant should reach.
type target struct {
	text string
	// cases are the cases in which it should be reached.
	cases []string
	// contestant should reach it; "" means tranship.
	contestant string
	// baseline is the contestant of the other results; "" means that there are none.
	baseline string
	// value computes the measured value. theirs are the results of the baseline.
	value func(ours, theirs result) statistic
	want  float64
	// goal is an even better value; 0 means none.
	goal float64
	// atMost is whether lower values are better.
	atMost bool
	// always is whether every round must reach it, instead of the median.
	always bool
	// few is whether no rounds are added if the value is near.
	few bool
	// unit is what the value is divided by in reports; 0 means 1.
	unit float64
}

// targets returns this project's targets, at the default sizes.
func targets() []target {
	plain, tls, trees := []string{"large-up", "large-down"}, []string{"large-up-tls", "large-down-tls"}, []string{"small-up", "small-down"}
	links := []string{"link-100ms-up", "link-100ms-down"}
	far := []string{"link-50ms-small-up"}
	one := slices.Concat(plain, tls, []string{"large-up-durable"})
	many := []string{"clients-up", "clients-up-durable"}
	fallback := slices.Concat(plain, tls, trees, []string{"clients-up"}, far)
	return []target{
		{text: "speed, against raw TCP", cases: plain, value: result.speedup, baseline: "raw", want: 0.95, goal: 1},
		{text: "CPU of both ends, against raw TCP", cases: plain, value: result.processorTime, baseline: "raw", want: 1.2, goal: 1.1, atMost: true},
		{text: "speed, against nginx and curl", cases: plain, value: result.speedup, baseline: "nginx", want: 0.95},
		{text: "speed, against the rsync daemon", cases: plain, value: result.speedup, baseline: "rsync", want: 1.5},
		{text: "speed, against tusd", cases: plain, value: result.speedup, baseline: "tusd", want: 1.3},
		{text: "speed, against generated gRPC", cases: plain, value: result.speedup, baseline: "grpc", want: 2},
		{text: "speed, against raw TLS", cases: tls, value: result.speedup, baseline: "raw", want: 0.95},
		{text: "speed, against scp", cases: tls, value: result.speedup, baseline: "scp", want: 3.5},
		{text: "speed, against the rsync daemon", cases: trees, value: result.speedup, baseline: "rsync", want: 1.5, goal: 2},
		{text: "speed, against rsync --fsync", cases: []string{"small-up-durable"}, value: result.speedup, baseline: "rsync", want: 2.3},
		{text: "speed, against rsync -a", cases: []string{"unchanged"}, value: result.speedup, baseline: "rsync", want: 1.5, goal: 2},
		{text: "speed, against raw TCP", cases: many[:1], value: result.speedup, baseline: "raw", want: 0.85},
		{text: "peak memory of the server, MiB", cases: many, value: alone(result.serverPeak), want: 100, atMost: true, always: true, unit: 1 << 20},
		{text: "peak memory of the server, MiB", cases: one, value: alone(result.serverPeak), want: 32, atMost: true, always: true, unit: 1 << 20},
		{text: "peak memory of the client, MiB", cases: one, value: alone(result.clientPeak), want: 32, atMost: true, always: true, unit: 1 << 20},
		{text: "share of the link", cases: links, value: alone(result.linkShare), want: 0.93},
		{text: "files a second", cases: far, value: alone(result.rate), want: 10_000},
		{text: "share of the link", contestant: "tranship-grpc", cases: links, value: alone(result.linkShare), want: 0.6},
		{text: "speed, against nginx with sendfile off", contestant: "tranship-http", cases: slices.Concat(plain, tls), value: result.speedup, baseline: "nginx-read", want: 0.8},
		{text: "speed, against gRPC before lanes", contestant: "tranship-grpc", cases: fallback, value: result.speedup, baseline: "before", want: 1, few: true},
		{text: "calls a file of the server", cases: []string{"calls-up"}, value: alone(result.serverCalls), want: 8, atMost: true},
	}
}

// ours returns the contestant that should reach the target.
func (t target) ours() string {
	if t.contestant == "" {
		return "tranship"
	}
	return t.contestant
}

// theirs returns the contestant of the other results, which is the same if there is no
// baseline.
func (t target) theirs() string {
	if t.baseline == "" {
		return t.ours()
	}
	return t.baseline
}

// alone returns the value of a target without a baseline.
func alone(value func(result) statistic) func(ours, theirs result) statistic {
	return func(ours, _ result) statistic { return value(ours) }
}
