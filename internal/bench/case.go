package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/tranship/tranship/internal/testing/linkemu"
)

// workload is the kind of files that a case copies.
type workload int

const (
	large   workload = iota // One large file.
	small                   // A directory of many small files.
	again                   // The same, when it exists already at the destination.
	clients                 // One file for each of many concurrent clients.
)

// benchCase is one table of the report: a copy that every contestant performs in turn.
type benchCase struct {
	name     string
	workload workload
	down     bool
	tls      bool
	// durable is whether a copy must survive power loss to count. Otherwise it must have
	// been written to a file.
	durable bool
	// roundTrip is the round trip of an emulated link; 0 means no link.
	roundTrip time.Duration
	// tool watches one copy, instead of measuring several; noTool means none.
	tool tool
}

// link is one direction of an emulated link: 1 Gbit/s, and a queue of 32 ms, which is
// longer than the delays of a busy machine.
func (c benchCase) link() linkemu.Link {
	return linkemu.Link{Delay: c.roundTrip / 2, BytesPerSecond: linkBytesPerSecond, QueueBytes: 4_000_000}
}

const linkBytesPerSecond = 125_000_000

// overLink reports whether a contestant is measured over an emulated link. There the
// protocol decides, so that a few contestants of each kind are enough.
func overLink(contestant string) bool {
	return slices.Contains([]string{"tranship", "tranship-grpc", "before", "raw", "grpc", "rsync"}, contestant)
}

// cases returns all cases in the order in which they run. Each is without and with TLS,
// written and durable, where that makes sense. Cases with a tool come last.
func cases() []benchCase {
	var all []benchCase
	add := func(c benchCase) {
		c.name += c.suffix()
		all = append(all, c)
	}
	for _, tls := range []bool{false, true} {
		for _, durable := range []bool{false, true} {
			add(benchCase{name: "large-up", workload: large, tls: tls, durable: durable})
			add(benchCase{name: "large-down", workload: large, down: true, tls: tls, durable: durable})
			add(benchCase{name: "small-up", workload: small, tls: tls, durable: durable})
			add(benchCase{name: "small-down", workload: small, down: true, tls: tls, durable: durable})
			add(benchCase{name: "clients-up", workload: clients, tls: tls, durable: durable})
		}
		add(benchCase{name: "unchanged", workload: again, tls: tls})
	}
	for _, roundTrip := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond} {
		name := fmt.Sprintf("link-%dms", roundTrip.Milliseconds())
		add(benchCase{name: name + "-up", workload: large, roundTrip: roundTrip})
		add(benchCase{name: name + "-down", workload: large, down: true, roundTrip: roundTrip})
		add(benchCase{name: name + "-small-up", workload: small, roundTrip: roundTrip})
	}
	add(benchCase{name: "calls-up", workload: small, tool: callCounter})
	add(benchCase{name: "calls-down", workload: small, down: true, tool: callCounter})
	add(benchCase{name: "profile-large-up", workload: large, tool: profiler})
	add(benchCase{name: "profile-large-down", workload: large, down: true, tool: profiler})
	add(benchCase{name: "profile-small-up", workload: small, tool: profiler})
	add(benchCase{name: "profile-small-down", workload: small, down: true, tool: profiler})
	return all
}

func (c benchCase) suffix() string {
	suffix := ""
	if c.tls {
		suffix += "-tls"
	}
	if c.durable {
		suffix += "-durable"
	}
	return suffix
}

// about describes the case for the report.
func (c benchCase) about(o options) string {
	direction := "to"
	if c.down {
		direction = "from"
	}
	security, durability := "in the clear", "written"
	if c.tls {
		security = "encrypted"
	}
	if c.durable {
		durability = "durable"
	}
	what := fmt.Sprintf("one file of %s", size(o.size))
	switch c.workload {
	case small:
		what = fmt.Sprintf("%d files of %s", o.files, size(o.fileSize))
	case again:
		what = fmt.Sprintf("%d files that are there already", o.files)
	case clients:
		what = fmt.Sprintf("a file of %s by each of %d clients at once", size(o.clientSize), o.clients)
	}
	text := fmt.Sprintf("%s %s the server, %s, %s", what, direction, security, durability)
	if c.roundTrip > 0 {
		text += fmt.Sprintf(", over 1 Gbit/s with a round trip of %v", c.roundTrip)
	}
	if c.tool != noTool {
		text += ", watched with " + c.tool.program()
	}
	return text
}

// bytes and count return the size and number of the files copied in a round.
func (c benchCase) bytes(o options) int64 {
	switch c.workload {
	case small, again:
		return int64(o.files) * o.fileSize
	case clients:
		return int64(o.clients) * o.clientSize
	}
	return o.size
}

func (c benchCase) count(o options) int {
	switch c.workload {
	case small, again:
		return o.files
	case clients:
		return o.clients
	}
	return 1
}

// rounds returns the number of counted rounds that every contestant has. A round of many
// clients, over a link, or with a sync for each of many files takes several times as long
// as the others.
func (c benchCase) rounds(o options) int {
	switch {
	case c.tool != noTool:
		return 1
	case c.workload == clients, c.roundTrip > 0, c.workload == small && c.durable:
		return o.slowRounds
	case c.workload == large:
		return o.largeRounds
	}
	return o.rounds
}

// warmUp returns the number of rounds before those that count, which find caches cold. A
// contestant that has uploaded the files of the case itself needs none. A long link hides
// the difference.
func (c benchCase) warmUp() int {
	if c.down || c.workload == again || c.roundTrip > 0 || c.tool != noTool {
		return 0
	}
	return 1
}

// size formats a number of bytes.
func size(bytes int64) string {
	units := []string{"B", "KiB", "MiB", "GiB"}
	unit := 0
	for unit+1 < len(units) && bytes >= 1024 && bytes%1024 == 0 {
		bytes /= 1024
		unit++
	}
	return fmt.Sprintf("%d %s", bytes, units[unit])
}
