package main

import "context"

// netHTTP is gRPC's transport without gRPC, and with larger frames than grpc-go supports:
// a body of an HTTP/2 request or response, in frames of up to 1 MiB. It shows the speed
// of a client and server that would replace grpc-go's transport.
type netHTTP struct{}

func (netHTTP) name() string { return "net/http" }

func (netHTTP) about() string {
	return "bodies over HTTP/2 of Go's net/http, frames up to 1 MiB, no checksums"
}

func (netHTTP) lacks(_ *lab, c benchCase) string {
	if c.workload != large {
		return "is there for large files only"
	}
	return ""
}

func (netHTTP) serve(ctx context.Context, s site) (*service, error) {
	return startProgram(ctx, "http-serve", s)
}

func (netHTTP) copy(j job) (command, error) { return programCopy("http-copy", j), nil }
