package main

import "slices"

// standard returns the contestants that a run without -all, -cases and -only measures in a
// case; none means that such a run leaves the case out. It is a choice of the alternatives
// that a user has and of the limits, small enough for a run of a quarter of an hour.
func (c benchCase) standard() []string {
	switch c.name {
	case "large-up", "large-down":
		return []string{"tranship", "tranship-grpc", "before", "raw", "grpc", "rsync", "nginx", "tusd", "tranship-http", "nginx-read"}
	case "large-up-tls", "large-down-tls":
		return []string{"tranship", "raw", "scp", "tranship-http", "nginx-read"}
	case "small-up", "small-down", "link-50ms-small-up":
		return []string{"tranship", "tranship-grpc", "before", "rsync"}
	case "small-up-durable", "unchanged":
		return []string{"tranship", "rsync"}
	case "clients-up", "calls-up", "calls-down":
		return []string{"tranship", "raw"}
	case "link-100ms-up", "link-100ms-down":
		return []string{"tranship", "tranship-grpc"}
	}
	return nil
}

// share returns the part of the time of a run that a case may have used when it adds its
// last round, in relation to the other cases: about the seconds that the rounds of every
// contestant take on two idle cores, and for one large file those that are added.
func (c benchCase) share() int {
	switch {
	case c.tool != noTool:
		return 12
	case c.workload == clients:
		return 60
	case c.workload == large && c.roundTrip > 0:
		return 68
	case c.workload == large && c.tls:
		return 90
	case c.workload == large:
		return 140
	case c.workload == again:
		return 15
	case c.roundTrip > 0:
		return 30
	}
	return 45
}

// measures reports whether a run measures a case. Profiles are only made if -cases asks for
// them.
func (o options) measures(c benchCase) bool {
	if c.tool == profiler && o.cases.String() == "" {
		return false
	}
	return o.cases.MatchString(c.name) && (o.all || c.standard() != nil)
}

// admits reports whether a run measures a contestant in a case.
func (o options) admits(contestant string, c benchCase) bool {
	return o.only.MatchString(contestant) && (o.all || slices.Contains(c.standard(), contestant))
}
