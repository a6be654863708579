package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	return l.measureServer(ctx, fmt.Sprintf("One upload of %d GiB", l.huge>>30), 1, l.huge)
}

// clients uploads 64 files at once, to a server with the memory that it takes by default, and to one
// with less.
func (l *lab) clients(ctx context.Context) error {
	for _, flags := range [][]string{nil, {"--memory-limit", "96MiB", "--s3-memory", "96MiB"}} {
		title := strings.TrimSpace(fmt.Sprintf("64 uploads of %d MiB at once %s", l.clientSize/mebibyte, strings.Join(flags, " ")))
		if err := l.measureServer(ctx, title, 64, l.clientSize, flags...); err != nil {
			return err
		}
	}
	return nil
}

// measureServer uploads files of a length at once, each round to a new server, and prints what the
// servers have taken: the medians of speed and processor time, and the most of memory and disk.
func (l *lab) measureServer(ctx context.Context, title string, files int, size int64, flags ...string) error {
	gigabytes := float64(files) * float64(size) / gigabyte
	var rates, used, memory []float64
	var written int64
	for range l.rounds {
		server, err := l.server("measured", flags...)
		if err != nil {
			return err
		}
		taken, err := run(ctx, l.self, "upload", server.address, strconv.Itoa(files), strconv.FormatInt(size, 10))
		if err == nil {
			rates = append(rates, gigabytes/taken.wall.Seconds())
			used = append(used, server.used().Seconds()/gigabytes)
			memory = append(memory, float64(server.value("status", "VmHWM"))/1024)
			written = max(written, server.value("io", "write_bytes"))
		}
		server.stop()
		if err != nil {
			return err
		}
	}
	fmt.Printf("\n### %s\n\n- %.2f GB/s, %.2f CPU s of the server for 1 GB\n- memory of the server: %.0f MiB at most, %.0f in the median\n- written by the server to disks: %d bytes\n",
		title, median(rates), median(used), slices.Max(memory), median(memory), written)
	return nil
}
