// Command bench-s3 compares tranship over a bucket with the AWS SDK's transfer manager that
// talks to the bucket directly, and measures what servers of a bucket take: processor time,
// requests, memory and disk. All processes are on this machine. The engine is one of its own
// that costs little, in a process of its own, and discards what it gets. The module is apart, so
// that no package of tranship depends on the transfer manager.
//
//	cd tools/bench-s3 && go run . -binary ../../bin/tranship
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := dispatch(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench-s3:", err)
		os.Exit(1)
	}
}

// dispatch runs the benchmark, or one of the programs that it starts: itself with a word.
func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return benchmark(ctx, args)
	}
	switch args[0] {
	case "engine":
		return serveEngine(args[1])
	case "sdk-up":
		return sdkUp(ctx, args[1], args[2])
	case "sdk-down":
		return sdkDown(ctx, args[1], args[2])
	case "sdk-small":
		return sdkSmall(ctx, args[1], args[2])
	case "upload":
		files, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(args[3], 10, 64)
		if err != nil {
			return err
		}
		return upload(ctx, strings.Split(args[1], ","), files, size)
	}
	return benchmark(ctx, args)
}

// options are the values of the flags.
type options struct {
	binary, dir string
	cases       *regexp.Regexp
	rounds      int
	size, huge  int64
	files       int
	clientSize  int64
	share       float64
}

func parse(args []string) (options, error) {
	o := options{cases: regexp.MustCompile("")}
	set := flag.NewFlagSet("bench-s3", flag.ContinueOnError)
	set.StringVar(&o.binary, "binary", "../../bin/tranship", "the tranship to measure")
	set.StringVar(&o.dir, "dir", "/dev/shm", "directory of the copied files")
	set.Func("cases", "only cases whose name matches a regular expression: large-up, large-down, small-up, huge, clients, servers", func(text string) (err error) {
		o.cases, err = regexp.Compile(text)
		return err
	})
	set.IntVar(&o.rounds, "rounds", 5, "number of rounds")
	set.Int64Var(&o.size, "size", 1<<30, "length of the large file in bytes")
	set.Int64Var(&o.huge, "huge", 100<<30, "length of the file of the case huge in bytes")
	set.IntVar(&o.files, "files", 10000, "number of small files, of 4 KiB")
	set.Int64Var(&o.clientSize, "client-size", 64<<20, "length of each of the 64 files of the case clients in bytes")
	set.Float64Var(&o.share, "share", 0, "share of a core that each server of the case servers has, such as 0.1, in a network namespace and a control group of its own, as root; 0 for no limit")
	err := set.Parse(args)
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	return o, err
}
