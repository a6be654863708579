package main

import "context"

// generated is gRPC as commonly used: the generated code, the default options, chunks of
// 1 MiB.
type generated struct{}

func (generated) name() string { return "grpc" }

func (generated) about() string {
	return "FileSrv with generated grpc-go code and default options, 1 MiB chunks, a call a file"
}

func (generated) lacks(_ *lab, c benchCase) string {
	if c.workload == again {
		return "copies everything again"
	}
	return ""
}

func (generated) serve(ctx context.Context, s site) (*service, error) {
	return startProgram(ctx, "grpc-serve", s)
}

func (generated) copy(j job) (command, error) { return programCopy("grpc-copy", j), nil }
