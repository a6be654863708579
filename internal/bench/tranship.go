package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// tranship is the built program with its usual flags.
type tranship struct{}

func (tranship) name() string { return "tranship" }

func (tranship) about() string { return "tranship cp to tranship serve, verified by checksums" }

func (tranship) lacks(*lab, benchCase) string { return "" }

func (tranship) serve(ctx context.Context, s site) (*service, error) {
	return serveTranship(ctx, s.binary, s)
}

func (tranship) copy(j job) (command, error) { return copyTranship(j.binary, j), nil }

// serveTranship starts a server of a built program.
func serveTranship(ctx context.Context, binary string, s site) (*service, error) {
	ready := filepath.Join(s.dir, "ready")
	args := []string{binary, "serve", "--root", s.root, "--listen", "127.0.0.1:0", "--ready-file", ready, "--log-level", "warn"}
	if s.tls {
		args = append(args, "--tls-cert", s.keys.certificate, "--tls-key", s.keys.key)
	}
	p, err := command{args: args}.start(ctx)
	if err != nil {
		return nil, err
	}
	started := &service{process: p}
	err = p.await(ctx, func() bool {
		content, err := os.ReadFile(ready)
		started.address = strings.TrimSpace(string(content))
		return err == nil
	})
	if err != nil {
		p.stop()
		return nil, err
	}
	return started, nil
}

// copyTranship returns the command of a client of a built program.
func copyTranship(binary string, j job) command {
	durability, scheme := "written", "grpc"
	if j.durable {
		durability = "durable"
	}
	args := []string{binary, "cp"}
	if j.tls {
		scheme = "grpcs"
		args = append(args, "--ca", j.keys.certificate)
	}
	args = append(args, "--durability", durability)
	local, remote := j.local, scheme+"://"+j.address+"/"+j.remote
	if j.names != nil {
		args = append(args, "-r")
		if j.workload == again {
			args = append(args, "-u")
		}
		// The contents of a directory go into the destination, whether that exists or
		// not.
		if j.down {
			remote += "/."
		} else {
			local += "/."
		}
	}
	if j.down {
		return command{args: append(args, remote, local)}
	}
	return command{args: append(args, local, remote)}
}
