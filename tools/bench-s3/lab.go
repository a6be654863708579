package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// lab has what all cases use.
type lab struct {
	options
	self   string
	engine *service
	dir    string
}

// benchmark runs the cases that the flags choose, and prints the results as Markdown.
func benchmark(ctx context.Context, args []string) (err error) {
	l := &lab{}
	if l.options, err = parse(args); err != nil {
		return err
	}
	if l.binary, err = filepath.Abs(l.binary); err != nil {
		return err
	}
	if l.self, err = os.Executable(); err != nil {
		return err
	}
	if l.dir, err = os.MkdirTemp(l.options.dir, "bench-s3-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(l.dir)) }()
	if l.engine, err = startEngine(here.host); err != nil {
		return err
	}
	defer l.engine.stop()
	for _, c := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"large-up", l.copying(l.largeFile, l.largeUp)}, {"large-down", l.copying(l.largeFile, l.largeDown)},
		{"small-up", l.copying(l.smallFiles, l.smallUp)},
		{"huge", l.hugeUp}, {"clients", l.clients}, {"servers", l.servers},
	} {
		if !l.cases.MatchString(c.name) {
			continue
		}
		if err := c.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

func (l *lab) endpoint() string { return "http://" + l.engine.address }

// direct returns the arguments of a copy by tranship without a server.
func (l *lab) direct(args ...string) []string {
	return append([]string{l.binary, "cp", "--s3-endpoint", l.endpoint(), "--s3-path-style"}, args...)
}

// requests returns how many requests the engine had since the last call.
func (l *lab) requests(ctx context.Context) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.endpoint()+countsPath, nil)
	if err != nil {
		return 0, err
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	total := 0
	for line := range strings.Lines(string(text)) {
		_, n, _ := strings.Cut(strings.TrimSpace(line), " ")
		count, _ := strconv.Atoi(n)
		total += count
	}
	return total, err
}

// largeFile writes a file that repeats the block, and returns its name.
func (l *lab) largeFile() (string, error) {
	name := filepath.Join(l.dir, "large")
	file, err := os.Create(name)
	if err != nil {
		return "", err
	}
	block := newBlock()
	for left := l.size; left > 0 && err == nil; left -= int64(len(block)) {
		_, err = file.Write(block[:min(left, int64(len(block)))])
	}
	return name, errors.Join(err, file.Close())
}

// smallFiles writes a directory of small files, and returns its name.
func (l *lab) smallFiles() (string, error) {
	directory := filepath.Join(l.dir, "small")
	err := os.MkdirAll(directory, 0o755)
	random := rand.NewChaCha8([32]byte{2})
	for i := 0; i < l.files && err == nil; i++ {
		data := make([]byte, 4096)
		_, _ = random.Read(data)
		err = os.WriteFile(filepath.Join(directory, fmt.Sprintf("%06d", i)), data, 0o644)
	}
	return directory, err
}

// entrant is one way to make the copies of a case. server is nil without one.
type entrant struct {
	name   string
	args   []string
	server *service
	// before is called before each copy; nil for nothing.
	before func() error
}

// compare lets entrants take turns, and prints their medians. The last entrant is what the
// others are compared with. unit is the number of bytes or files of a copy, as per counts it.
func (l *lab) compare(ctx context.Context, title, per string, unit float64, entrants ...entrant) error {
	results := make([][]cost, len(entrants))
	for round := range l.rounds + 1 {
		for i, e := range entrants {
			if e.before != nil {
				if err := e.before(); err != nil {
					return err
				}
			}
			if _, err := l.requests(ctx); err != nil {
				return err
			}
			var served time.Duration
			if e.server != nil {
				served = e.server.used()
			}
			taken, err := run(ctx, e.args...)
			if err != nil {
				return err
			}
			if e.server != nil {
				taken.server = e.server.used() - served
			}
			if taken.requests, err = l.requests(ctx); err != nil {
				return err
			}
			if round > 0 { // the first one warms up
				results[i] = append(results[i], taken)
			}
		}
	}
	fmt.Printf("\n### %s\n\n| | %s/s | speed | CPU s of client, server for 1 %s | requests for 1 %s | memory of client |\n| --- | --- | --- | --- | --- | --- |\n", title, per, per, per)
	base := results[len(results)-1]
	for i, e := range entrants {
		var rates, ratios, clients, servers, requests, memory []float64
		for round, taken := range results[i] {
			rates = append(rates, unit/taken.wall.Seconds())
			ratios = append(ratios, base[round].wall.Seconds()/taken.wall.Seconds())
			clients = append(clients, taken.client.Seconds()/unit)
			servers = append(servers, taken.server.Seconds()/unit)
			requests = append(requests, float64(taken.requests)/unit)
			memory = append(memory, float64(taken.memory)/mebibyte)
		}
		fmt.Printf("| %s | %.4g | %.2f | %.3g, %.3g | %.4g | %.0f MiB |\n", e.name, median(rates), median(ratios), median(clients), median(servers), median(requests), median(memory))
	}
	return nil
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	if len(values) == 0 {
		return 0
	}
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}
