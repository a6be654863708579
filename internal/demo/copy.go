package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// demo copies between the source, the server and the target with the binary.
type demo struct {
	binary string
	source string // The directory that has largeFile and tree.
	target string // The directory below which downloads go.
	server *server
}

// row is one copy: a line of the table.
type row struct {
	protocol, what, direction string

	files   int
	size    int64
	seconds float64
	err     error // Why the copy failed or what differs.
}

// copyAll copies with every protocol the files that it supports, each to a separate
// directory, and compares every copy with the source.
func (d demo) copyAll(ctx context.Context) []row {
	return []row{
		d.up(ctx, "tranship", largeFile),
		d.down(ctx, "tranship", largeFile),
		d.up(ctx, "tranship", tree),
		d.down(ctx, "tranship", tree),
		d.up(ctx, "filesrv", largeFile),
		d.down(ctx, "filesrv", largeFile),
		d.up(ctx, "filesrv", tree),
		d.down(ctx, "filesrv", tree),
		// FileTransfer only takes files.
		d.up(ctx, "filetransfer", largeFile),
	}
}

// up copies from the source, and compares the result in the server's root.
func (d demo) up(ctx context.Context, protocol, what string) row {
	remote := path.Join(protocol, what)
	return d.copy(ctx, row{protocol: protocol, what: what, direction: "up"},
		filepath.Join(d.source, what), d.remote(remote), filepath.Join(d.server.root, remote))
}

// down copies what up has copied back to the target, and compares it with the source.
func (d demo) down(ctx context.Context, protocol, what string) row {
	local := filepath.Join(d.target, protocol, what)
	row := row{protocol: protocol, what: what, direction: "down"}
	if row.err = os.MkdirAll(filepath.Dir(local), 0o755); row.err != nil {
		return row
	}
	return d.copy(ctx, row, d.remote(path.Join(protocol, what)), local, local)
}

func (d demo) remote(name string) string {
	return "grpc://" + d.server.address + "/" + name
}

// copy runs one copy, compares result with the source, and completes the row.
func (d demo) copy(ctx context.Context, row row, from, to, result string) row {
	args := []string{"cp", "--protocol", row.protocol}
	if row.what == tree {
		args = append(args, "-r")
	}
	cmd := exec.CommandContext(ctx, d.binary, append(args, from, to)...)
	begun := time.Now()
	output, err := cmd.CombinedOutput()
	row.seconds = time.Since(begun).Seconds()
	if err == nil {
		row.files, row.size, err = compare(filepath.Join(d.source, row.what), result)
	} else if said := strings.TrimSpace(string(output)); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	if err != nil {
		row.err = fmt.Errorf("%s %s %s: %w", row.protocol, row.what, row.direction, err)
	}
	return row
}

func printTable(out io.Writer, rows []row) {
	fmt.Fprintf(out, "%-12s  %-9s  %-9s  %5s  %9s  %7s  %5s  %s\n",
		"protocol", "what", "direction", "files", "size", "seconds", "MB/s", "verified")
	for _, row := range rows {
		verified := "yes"
		if row.err != nil {
			verified = "NO"
		}
		megabytes := float64(row.size) / 1e6
		fmt.Fprintf(out, "%-12s  %-9s  %-9s  %5d  %6.1f MB  %7.2f  %5.0f  %s\n",
			row.protocol, row.what, row.direction, row.files, megabytes, row.seconds, megabytes/row.seconds, verified)
	}
}
