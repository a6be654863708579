package main

import "slices"

// standard returns the contestants that a run without -all, -cases and -only measures in a
// case; none means that such a run leaves the case out. It is a choice of the alternatives
// that a user has and of the limits, small enough for a run of a quarter of an hour.
func (c benchCase) standard() []string {
	switch c.name {
	case "large-up", "large-down":
		return []string{"tranship", "tranship-grpc", "before", "raw", "grpc", "rsync", "nginx", "tusd"}
	case "large-up-tls", "large-down-tls":
		return []string{"tranship", "raw", "scp"}
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
// last round, in relation to the other cases: about the seconds that it takes on two idle
// cores with eleven rounds where the standard choice has targets.
func (c benchCase) share() int {
	switch {
	case c.workload == clients:
		return 110
	case c.workload == large && c.roundTrip > 0:
		return 70
	case c.workload == large && c.tls:
		return 90
	case c.workload == large:
		return 180
	case c.workload == small && c.durable:
		return 60
	}
	return 40
}

// measures reports whether a run measures a case.
func (o options) measures(c benchCase) bool {
	return o.cases.MatchString(c.name) && (o.all || c.standard() != nil)
}

// admits reports whether a run measures a contestant in a case.
func (o options) admits(contestant string, c benchCase) bool {
	return o.only.MatchString(contestant) && (o.all || slices.Contains(c.standard(), contestant))
}
