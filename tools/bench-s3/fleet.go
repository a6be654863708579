package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// uploads is how many files the case servers uploads at once.
const uploads = 8

// fleetCost is what uploads through several servers have taken.
type fleetCost struct{ rate, servers, all float64 }

// servers uploads through one, two and four servers, in turn.
func (l *lab) servers(ctx context.Context) (err error) {
	engine, places := l.engine, []place{here, here, here, here}
	if l.share > 0 {
		made, failed := newNetwork(ctx, len(places), l.share)
		defer func() { err = errors.Join(err, made.remove(context.WithoutCancel(ctx))) }()
		if failed != nil {
			return failed
		}
		if engine, err = startEngine(made.host); err != nil {
			return err
		}
		defer engine.stop()
		places = made.places
	}
	counts := []int{1, 2, 4}
	results := map[int][]fleetCost{}
	for range l.rounds {
		for _, n := range counts {
			taken, err := l.serversOf(ctx, engine, places[:n])
			if err != nil {
				return err
			}
			results[n] = append(results[n], taken)
		}
	}
	limit := ""
	if l.share > 0 {
		limit = fmt.Sprintf(", each with %g of a core", l.share)
	}
	fmt.Printf("\n### %d uploads of %d MiB at once, by several servers%s\n\n| servers | GB/s | least, most | speed | CPU s of all servers for 1 GB | of all processes |\n| --- | --- | --- | --- | --- | --- |\n",
		uploads, l.size/uploads/mebibyte, limit)
	base := 0.0
	for _, n := range counts {
		var rates, servers, all []float64
		for _, taken := range results[n] {
			rates, servers, all = append(rates, taken.rate), append(servers, taken.servers), append(all, taken.all)
		}
		if base == 0 {
			base = median(rates)
		}
		fmt.Printf("| %d | %.3f | %.3f, %.3f | %.2f | %.2f | %.2f |\n", n, median(rates), slices.Min(rates), slices.Max(rates), median(rates)/base, median(servers), median(all))
	}
	return nil
}

// serversOf uploads through a server in each place.
func (l *lab) serversOf(ctx context.Context, engine *service, places []place) (fleetCost, error) {
	var all []*service
	var addresses []string
	for i, where := range places {
		server, err := l.serverIn(where, engine, "server"+strconv.Itoa(i), "--insecure", "--anonymous", "write")
		if err != nil {
			return fleetCost{}, err
		}
		defer server.stop()
		all, addresses = append(all, server), append(addresses, server.address)
	}
	used := func() (sum float64) {
		for _, server := range all {
			sum += server.used().Seconds()
		}
		return sum
	}
	before, served := used(), engine.used().Seconds()
	taken, err := run(ctx, l.self, "upload", strings.Join(addresses, ","), strconv.Itoa(uploads), strconv.FormatInt(l.size/uploads, 10))
	if err != nil {
		return fleetCost{}, err
	}
	gigabytes := float64(l.size) / gigabyte
	servers := used() - before
	return fleetCost{
		rate: gigabytes / taken.wall.Seconds(), servers: servers / gigabytes,
		all: (servers + taken.client.Seconds() + engine.used().Seconds() - served) / gigabytes,
	}, nil
}
