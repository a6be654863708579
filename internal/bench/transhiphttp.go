package main

import (
	"context"
)

// transhipHTTP is the built program over HTTP.
type transhipHTTP struct{}

func (transhipHTTP) name() string { return "tranship-http" }

func (transhipHTTP) about() string {
	return "curl to tranship serve --http, PUT and GET; checksums of what the server stores and sends"
}

func (transhipHTTP) lacks(_ *lab, c benchCase) string {
	switch {
	case program("curl") == "":
		return missing("curl")
	case c.durable:
		return "has no such option"
	case c.workload == again:
		return "copies everything again"
	}
	return ""
}

func (transhipHTTP) serve(ctx context.Context, s site) (*service, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{s.binary, "serve", "--root", s.root, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:" + port, "--log-level", "warn"}
	if s.tls {
		args = append(args, "--tls-cert", s.keys.certificate, "--tls-key", s.keys.key)
	}
	return startListening(ctx, command{args: args}, port)
}

func (transhipHTTP) copy(j job) (command, error) { return curlCopy(j, "/files/"), nil }
