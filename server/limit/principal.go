package limit

// Principal are limits of a single principal, which replace those that all have. 0 stands for
// the limit that all have, and less than 0 means unlimited. The zero value changes nothing.
type Principal struct {
	// Bandwidth is as BandwidthPerPrincipal, Streams as StreamsPerPrincipal, and
	// CallsPerSecond as the field of the same name, with twice as many calls at once.
	Bandwidth      int64
	Streams        int
	CallsPerSecond float64
}

// Override returns limits, which WithDefaults has returned, with those of the principal in
// their place.
func (p Principal) Override(limits Options) Options {
	if p.Bandwidth != 0 {
		limits.BandwidthPerPrincipal = max(p.Bandwidth, 0)
	}
	if p.Streams != 0 {
		limits.StreamsPerPrincipal = max(p.Streams, 0)
	}
	if p.CallsPerSecond != 0 {
		limits.CallsPerSecond = max(p.CallsPerSecond, 0)
		limits.CallsBurst = max(int(2*p.CallsPerSecond), 1)
	}
	return limits
}
