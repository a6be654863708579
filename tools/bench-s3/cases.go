package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	gigabyte = 1e9
	mebibyte = 1 << 20
)

// server starts a server in a directory of its own.
func (l *lab) server(name string, flags ...string) (*service, error) {
	return l.serverIn(here, l.engine, name, flags...)
}

// serverIn starts a server over the bucket of an engine, in a place and in a directory of its own.
func (l *lab) serverIn(where place, engine *service, name string, flags ...string) (*service, error) {
	directory := filepath.Join(l.dir, name)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	return startServer(where, l.binary, engine.address, directory, flags...)
}

// copying returns a case that copies what makeSource makes, and has a server. It removes both.
func (l *lab) copying(makeSource func() (string, error), measure func(ctx context.Context, source string, server *service) error) func(context.Context) error {
	return func(ctx context.Context) error {
		source, err := makeSource()
		if err != nil {
			return err
		}
		defer os.RemoveAll(source)
		server, err := l.server("server")
		if err != nil {
			return err
		}
		defer server.stop()
		return measure(ctx, source, server)
	}
}

func (l *lab) largeUp(ctx context.Context, name string, server *service) error {
	return l.compare(ctx, fmt.Sprintf("Upload of %d MiB", l.size/mebibyte), "GB", float64(l.size)/gigabyte,
		entrant{name: "tranship, by a server", args: []string{l.binary, "cp", "--no-resume", name, "grpc://" + server.address + "/large"}, server: server},
		entrant{name: "tranship, direct", args: l.direct("--no-resume", name, "s3://bucket/large")},
		entrant{name: "transfer manager, direct", args: []string{l.self, "sdk-up", l.endpoint(), name}})
}

func (l *lab) largeDown(ctx context.Context, name string, server *service) error {
	if _, err := run(ctx, l.direct(name, "s3://bucket/large")...); err != nil {
		return err
	}
	target := filepath.Join(l.dir, "target")
	defer os.Remove(target)
	clean := func() error {
		if err := os.Remove(target); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	return l.compare(ctx, fmt.Sprintf("Download of %d MiB", l.size/mebibyte), "GB", float64(l.size)/gigabyte,
		entrant{name: "tranship, by a server", args: []string{l.binary, "cp", "grpc://" + server.address + "/large", target}, server: server, before: clean},
		entrant{name: "tranship, direct", args: l.direct("s3://bucket/large", target), before: clean},
		entrant{name: "transfer manager, direct", args: []string{l.self, "sdk-down", l.endpoint(), target}, before: clean})
}

func (l *lab) smallUp(ctx context.Context, directory string, server *service) error {
	return l.compare(ctx, fmt.Sprintf("Upload of %d files of 4 KiB", l.files), "file", float64(l.files),
		entrant{name: "tranship, by a server", args: []string{l.binary, "cp", "-r", directory + "/.", "grpc://" + server.address + "/small"}, server: server},
		entrant{name: "tranship, direct", args: l.direct("-r", directory+"/.", "s3://bucket/small")},
		entrant{name: fmt.Sprintf("SDK, %d puts at once", sdkPuts), args: []string{l.self, "sdk-small", l.endpoint(), directory}})
}

// hugeUp uploads one file of a length that no memory or disk has.
func (l *lab) hugeUp(ctx context.Context) error {
	server, err := l.server("huge")
	if err != nil {
		return err
	}
	defer server.stop()
	taken, err := run(ctx, l.self, "upload", server.address, "1", strconv.FormatInt(l.huge, 10))
	if err != nil {
		return err
	}
	l.printServer(fmt.Sprintf("One upload of %d GiB", l.huge>>30), taken, l.huge, server)
	return nil
}

// clients uploads 64 files at once, to a server with the memory that it takes by default, and to one
// with less.
func (l *lab) clients(ctx context.Context) error {
	for _, flags := range [][]string{nil, {"--memory-limit", "96MiB", "--s3-memory", "96MiB"}} {
		if err := l.clientsOf(ctx, flags...); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) clientsOf(ctx context.Context, flags ...string) error {
	server, err := l.server("clients", flags...)
	if err != nil {
		return err
	}
	defer server.stop()
	taken, err := run(ctx, l.self, "upload", server.address, "64", strconv.FormatInt(l.clientSize, 10))
	if err != nil {
		return err
	}
	l.printServer(strings.TrimSpace(fmt.Sprintf("64 uploads of %d MiB at once %s", l.clientSize/mebibyte, strings.Join(flags, " "))), taken, 64*l.clientSize, server)
	return nil
}

// printServer prints what a server has taken since its start.
func (l *lab) printServer(title string, taken cost, bytes int64, server *service) {
	fmt.Printf("\n### %s\n\n- %.2f GB/s, %.2f CPU s of the server for 1 GB\n- memory of the server: %d MiB at most\n- written by the server to disks: %d bytes\n",
		title, float64(bytes)/gigabyte/taken.wall.Seconds(), server.used().Seconds()/(float64(bytes)/gigabyte),
		server.value("status", "VmHWM")>>10, server.value("io", "write_bytes"))
}
