// Command bench compares a built tranship with its alternatives, with real processes, all
// on this machine. It starts every server itself, lets all contestants of a case take
// turns, round by round, and compares every copy with its source. It reports medians,
// their spread and ratios of the same rounds as Markdown, JSON and SVG. It exits with 1
// if a copy failed or differs, and leaves only its reports behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() {
	ours, err := runProgram(os.Args[1:])
	if !ours {
		err = interruptible(os.Args[1:])
	}
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the values of the flags.
type options struct {
	// binary and before are the programs to measure.
	binary, before      string
	out                 string
	dir, durableDir     string
	disk                int
	cases, only         *regexp.Regexp
	list, all           bool
	rounds, largeRounds int
	slowRounds          int
	nearRounds          int
	within              time.Duration
	size                int64
	files               int
	fileSize            int64
	clients             int
	clientSize          int64
	timeout, total      time.Duration
	// quiesce is called before each copy, with its size in bytes.
	quiesce func(int64) error
}

func parseOptions(args []string) (options, error) {
	o := options{cases: regexp.MustCompile(""), only: regexp.MustCompile(""), quiesce: quiesce}
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.StringVar(&o.binary, "binary", "bin/tranship", "the tranship to measure")
	set.StringVar(&o.out, "out", "build/bench", "directory for the reports")
	set.StringVar(&o.before, "before", "build/before/tranship", "an older tranship, to compare gRPC with")
	set.StringVar(&o.dir, "dir", memoryDir(), "directory of all copied files, except in durable cases")
	set.StringVar(&o.durableDir, "durable-dir", os.TempDir(), "directory on a disk of the copied files of durable cases")
	set.IntVar(&o.disk, "disk", 0, "size in GiB of an ext4 file system to create in a file of -durable-dir, as root, for durable cases; 0 means none")
	set.Func("cases", "only cases whose name matches a regular expression", pattern(&o.cases))
	set.Func("only", "only contestants whose name matches a regular expression", pattern(&o.only))
	set.BoolVar(&o.list, "list", false, "list cases and contestants, and exit")
	set.BoolVar(&o.all, "all", false, "run all cases with all contestants, as -cases or -only does, instead of the standard choice")
	set.IntVar(&o.rounds, "rounds", 5, "number of counted rounds in cases with many small files")
	set.IntVar(&o.largeRounds, "large-rounds", 3, "number of counted rounds in cases with a large file")
	set.IntVar(&o.slowRounds, "slow-rounds", 3, "number of counted rounds of many clients, over links, and of small files that are synced")
	set.IntVar(&o.nearRounds, "near-rounds", 11, "number of counted rounds of contestants whose figures are near a target, while -within lasts")
	set.DurationVar(&o.within, "within", 810*time.Second, "time after which no rounds are added for -near-rounds; 0 means no limit")
	set.Int64Var(&o.size, "size", 1<<30, "length of the large file in bytes")
	set.IntVar(&o.files, "files", 10000, "number of small files")
	set.Int64Var(&o.fileSize, "file-size", 4096, "length of a small file in bytes")
	set.IntVar(&o.clients, "clients", 64, "number of concurrent clients")
	set.Int64Var(&o.clientSize, "client-size", 64<<20, "length of each such client's file in bytes")
	set.DurationVar(&o.timeout, "timeout", 5*time.Minute, "limit for one copy")
	set.DurationVar(&o.total, "total", 6*time.Hour, "limit for the whole run")
	err := set.Parse(args)
	set.Visit(func(f *flag.Flag) { o.all = o.all || f.Name == "cases" || f.Name == "only" })
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	return o, err
}

// memoryDir returns a directory in memory, if there is one, so that cases without syncs
// compare programs and not the disk.
func memoryDir() string {
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return os.TempDir()
}

func pattern(to **regexp.Regexp) func(string) error {
	return func(text string) (err error) {
		*to, err = regexp.Compile(text)
		return err
	}
}

func interruptible(args []string) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	if o.list {
		printList(os.Stdout, o)
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A SIGPIPE would end the program before it has cleaned up. Closed connections cause
	// it too, so that failed writes to the output end the run instead.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithTimeout(ctx, o.total)
	defer cancel()
	return run(ctx, o, args, output{to: os.Stdout, broken: cancel})
}

// output ends the run when writing fails because its reader has closed it.
type output struct {
	to     io.Writer
	broken func()
}

// Write implements io.Writer.
func (o output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil {
		o.broken()
	}
	return n, err
}

// run runs the cases that the options choose, and writes the reports, even of an
// interrupted run.
func run(ctx context.Context, o options, args []string, log io.Writer) (err error) {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	lab, err := openLab(o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.close()) }()
	report := report{Machine: describeMachine(lab.dir, lab.diskDir), Arguments: args, Begun: time.Now()}
	err = lab.runCases(ctx, &report)
	report.Seconds = time.Since(report.Begun).Seconds()
	return errors.Join(err, report.write(o.out))
}

func printList(out io.Writer, o options) {
	fmt.Fprintln(out, "cases:")
	for _, c := range cases() {
		if o.measures(c) {
			fmt.Fprintf(out, "  %s\n", c.name)
		}
	}
	fmt.Fprintln(out, "contestants:")
	for _, c := range contestants() {
		if o.only.MatchString(c.name()) {
			fmt.Fprintf(out, "  %-10s  %s\n", c.name(), c.about())
		}
	}
}
