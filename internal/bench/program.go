package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
)

// The benchmark's own servers and clients are processes of this program, so that their
// CPU time and memory can be measured.

// copyFlags are the flags of the programs.
type copyFlags struct {
	// For servers.
	root string
	// For clients.
	address, local, remote string
	down                   bool
	names                  string
	record                 string
	// For both.
	durable bool
	keys    keyPair
}

// programs returns the programs by the first argument that selects them.
func programs() map[string]func(copyFlags) error {
	return map[string]func(copyFlags) error{
		"raw-serve":  rawServe,
		"raw-copy":   rawCopy,
		"http-serve": netHTTPServe,
		"http-copy":  netHTTPCopy,
		"tus-copy":   tusCopy,
		"grpc-serve": generatedServe,
		"grpc-copy":  generatedCopy,
	}
}

// runProgram runs one of the programs, if the first argument selects one.
func runProgram(args []string) (ours bool, err error) {
	if len(args) == 0 || programs()[args[0]] == nil {
		return false, nil
	}
	var flags copyFlags
	set := flag.NewFlagSet(args[0], flag.ContinueOnError)
	set.StringVar(&flags.root, "root", "", "directory to serve")
	set.StringVar(&flags.address, "address", "", "the server's, host:port")
	set.StringVar(&flags.local, "local", "", "file or directory here")
	set.StringVar(&flags.remote, "remote", "", "the same at the server")
	set.StringVar(&flags.names, "names", "", "file with the names of the files in a directory, a line each")
	set.StringVar(&flags.record, "record", "", "file of the URL of an upload, for tus")
	set.BoolVar(&flags.down, "down", false, "copy from the server")
	set.BoolVar(&flags.durable, "durable", false, "sync what was received")
	set.StringVar(&flags.keys.certificate, "certificate", "", "file of the server's certificate, for TLS")
	set.StringVar(&flags.keys.key, "key", "", "file of its key")
	if err := set.Parse(args[1:]); err != nil {
		return true, err
	}
	return true, programs()[args[0]](flags)
}

// startProgram starts a server from programs.
func startProgram(ctx context.Context, program string, s site) (*service, error) {
	args := []string{s.self, program, "-root", s.root}
	if s.tls {
		args = append(args, "-certificate", s.keys.certificate, "-key", s.keys.key)
	}
	if s.durable {
		args = append(args, "-durable")
	}
	return startPrinting(ctx, command{args: args}, "127.0.0.1:")
}

// startPrinting starts a server whose first line of output is prefix and its address. The
// host may be left out.
func startPrinting(ctx context.Context, c command, prefix string) (*service, error) {
	p, err := c.start(ctx)
	if err != nil {
		return nil, err
	}
	s := &service{process: p}
	err = p.await(ctx, func() bool {
		line, _, found := strings.Cut(p.output.String(), "\n")
		s.address = "127.0.0.1:" + strings.TrimPrefix(strings.TrimSpace(line), prefix)
		return found
	})
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("starting a server: %w", err)
	}
	return s, nil
}

// programCopy returns the command of a client from programs.
func programCopy(program string, j job) command {
	args := []string{j.self, program, "-address", j.address, "-local", j.local, "-remote", j.remote}
	if j.down {
		args = append(args, "-down")
	}
	if j.durable {
		args = append(args, "-durable")
	}
	if j.tls {
		args = append(args, "-certificate", j.keys.certificate)
	}
	if j.names != nil {
		args = append(args, "-names", j.source.names)
	}
	return command{args: args}
}
