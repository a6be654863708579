package doctor_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/doctor"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// examine returns the findings about the server at an address, without TLS unless options have it.
func examine(t *testing.T, address string, options doctor.Options) (all []doctor.Finding) {
	t.Helper()
	options.URL, options.Address = "grpc://"+address, address
	if options.Client.TLS != nil {
		options.URL = "grpcs://" + address
	}
	options.Advise = func(err error) error { return err }
	options.Report = func(found doctor.Finding) { all = append(all, found) }
	doctor.Run(t.Context(), options)
	return all
}

// has fails unless a finding of a check has a level and all words. It returns the finding.
func has(t *testing.T, all []doctor.Finding, check string, level doctor.Level, words ...string) doctor.Finding {
	t.Helper()
	at := slices.IndexFunc(all, func(found doctor.Finding) bool {
		text := found.Text + "\n" + found.Advice
		missing := func(word string) bool { return !strings.Contains(text, word) }
		return found.Check == check && found.Level == level && !slices.ContainsFunc(words, missing)
	})
	if at < 0 {
		t.Errorf("there is no %s of %s with %q in %+v", level, check, words, all)
		return doctor.Finding{}
	}
	return all[at]
}

// entries returns how many files a store has.
func entries(t *testing.T, store tranship.Store) (n int) {
	t.Helper()
	for _, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// Everything is good with a server that nothing stands before, and nothing stays at it.
func TestGood(t *testing.T) {
	t.Parallel()
	store := new(mem.Store)
	address := storeserver.Serve(t, store, server.Config{Version: "v9"})
	all := examine(t, address, doctor.Options{Write: true, Idle: time.Millisecond, Path: "in"})
	for _, check := range []string{"connect", "server", "http2", "lanes", "rights", "request", "stream", "write", "disk", "clock", "speed", "idle"} {
		has(t, all, check, doctor.Good)
	}
	for _, found := range all {
		if found.Level != doctor.Good {
			t.Errorf("%+v", found)
		}
	}
	has(t, all, "server", doctor.Good, "tranship v9")
	if n := entries(t, store); n != 0 {
		t.Errorf("%d files stay", n)
	}
}

// Nothing is stored without permission.
func TestNothingWritten(t *testing.T) {
	t.Parallel()
	store := new(writes)
	all := examine(t, storeserver.Serve(t, store, server.Config{}), doctor.Options{})
	has(t, all, "write", doctor.Note, "not examined", "--write")
	has(t, all, "idle", doctor.Note, "not examined", "--idle")
	if n := store.count.Load(); n != 0 {
		t.Errorf("%d calls change the store", n)
	}
}

// writes is a store that counts what changes it, and whose commits take a time of the clock.
type writes struct {
	mem.Store
	count atomic.Int64
	// now is added to the time of the system, and each commit adds takes to it.
	now, takes atomic.Int64
	// stays makes it keep what is removed.
	stays atomic.Bool
}

func (s *writes) time() time.Time { return time.Now().Add(time.Duration(s.now.Load())) }

// Put implements tranship.Store.
func (s *writes) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	s.count.Add(1)
	s.now.Add(s.takes.Load())
	return s.Store.Put(ctx, spec, data)
}

// PutBatch implements tranship.BatchPutter.
func (s *writes) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	results := make([]tranship.PutResult, len(items))
	for i, item := range items {
		results[i].File, results[i].Err = s.Put(ctx, item.Spec, item.Data)
	}
	return results
}

// Begin implements tranship.Store.
func (s *writes) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	s.count.Add(1)
	return s.Store.Begin(ctx, spec)
}

// Remove implements tranship.Store.
func (s *writes) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	s.count.Add(1)
	if _, err := s.Store.Stat(ctx, path); err == nil && s.stays.Load() {
		return tranship.ErrDenied
	}
	return s.Store.Remove(ctx, path, precondition)
}

func TestSlowDiskAndClock(t *testing.T) {
	t.Parallel()
	store := new(writes)
	store.takes.Store(int64(time.Minute))
	store.now.Store(int64(time.Hour))
	address := storeserver.Serve(t, store, server.Config{})
	all := examine(t, address, doctor.Options{Write: true, Now: store.time})
	has(t, all, "disk", doctor.Warning, "1m0s", "slow")
	has(t, all, "clock", doctor.Warning, "behind", "NTP")
	store.takes.Store(0)
	store.now.Store(-int64(time.Hour))
	has(t, examine(t, address, doctor.Options{Write: true, Now: store.time}), "clock", doctor.Warning, "1h0m0s ahead of")
}

// What cannot be removed is not written, and what stays is named.
func TestFileThatStays(t *testing.T) {
	t.Parallel()
	store := new(writes)
	store.stays.Store(true)
	all := examine(t, storeserver.Serve(t, store, server.Config{}), doctor.Options{Write: true})
	found := has(t, all, "write", doctor.Problem, "stays at the server", doctor.TemporaryPrefix, "may delete there")
	if !errors.Is(found.Err, tranship.ErrDenied) {
		t.Errorf("%v", found.Err)
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	address := storeserver.Serve(t, new(mem.Store), server.Config{Anonymous: server.AnonymousRead})
	all := examine(t, address, doctor.Options{Write: true})
	has(t, all, "rights", doctor.Good)
	found := has(t, all, "write", doctor.Problem, doctor.TemporaryPrefix)
	if !errors.Is(found.Err, tranship.ErrDenied) {
		t.Errorf("%v", found.Err)
	}
}

func TestNoLanes(t *testing.T) {
	t.Parallel()
	address := storeserver.Serve(t, new(mem.Store), server.Config{NoLanes: true})
	has(t, examine(t, address, doctor.Options{}), "lanes", doctor.Note, "--no-lanes")
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	proxy, err := faultproxy.Listen("127.0.0.1:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	address := proxy.Address()
	all := examine(t, address, doctor.Options{Patience: time.Second})
	found := has(t, all, "connect", doctor.Problem)
	if !errors.Is(found.Err, tranship.ErrUnavailable) {
		t.Errorf("%v", found.Err)
	}
	has(t, all, "connect", doctor.Note, "takes TCP connections")
	if err := proxy.Close(); err != nil {
		t.Fatal(err)
	}
	has(t, examine(t, address, doctor.Options{}), "connect", doctor.Note, "takes no TCP connection", "firewalls")
}

// The time of all checks is bounded by the context.
func TestTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	address := storeserver.Serve(t, new(mem.Store), server.Config{})
	var all []doctor.Finding
	doctor.Run(ctx, doctor.Options{
		URL: "grpc://" + address, Address: address, Idle: time.Hour,
		Advise: func(err error) error { return err },
		Report: func(found doctor.Finding) {
			if found.Check == "stream" {
				cancel()
			}
			all = append(all, found)
		},
	})
	has(t, all, "idle", doctor.Warning, "allow more time")
}

// A name whose addresses do not all lead to the server.
func TestAddresses(t *testing.T) {
	t.Parallel()
	address := storeserver.Serve(t, new(mem.Store), server.Config{})
	port := netip.MustParseAddrPort(address).Port()
	all := examine(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String(), doctor.Options{})
	if slices.ContainsFunc(all, func(found doctor.Finding) bool { return found.Check == "name" }) {
		t.Errorf("an address is no name: %+v", all)
	}
	lookup := func(context.Context, string) ([]netip.Addr, error) {
		// No machine has an address of 192.0.2.0/24, RFC 5737; 255.255.255.255 cannot be dialed.
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("255.255.255.255")}, nil
	}
	_, number, _ := strings.Cut(address, ":")
	all = examine(t, "localhost:"+number, doctor.Options{Lookup: lookup, Patience: time.Second})
	has(t, all, "name", doctor.Good, "127.0.0.1, 255.255.255.255")
	has(t, all, "name", doctor.Warning, "no server answers at 255.255.255.255:", "remove the address")
	missing := func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	all = examine(t, "localhost:"+number, doctor.Options{Lookup: missing})
	has(t, all, "name", doctor.Warning, "no such host", "name servers")
}
