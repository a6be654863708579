package main

import "context"

// raw copies over TCP or TLS without checksums and without atomic commits. It shows the
// highest possible speed.
type raw struct{}

func (raw) name() string { return "raw" }

func (raw) about() string {
	return "TCP or TLS with 1 MiB buffers, without sendfile or splice, and nothing else"
}

func (raw) lacks(_ *lab, c benchCase) string {
	if c.workload == again {
		return "copies everything again"
	}
	return ""
}

func (raw) serve(ctx context.Context, s site) (*service, error) {
	return startProgram(ctx, "raw-serve", s)
}

func (raw) copy(j job) (command, error) { return programCopy("raw-copy", j), nil }
