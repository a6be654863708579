package servers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// overTransports runs a test with clients that use one transport, and with three instances of each
// store.
func overTransports(t *testing.T, test func(t *testing.T, transport client.Transport, instances []tranship.Store)) {
	t.Helper()
	for name, transport := range map[string]client.Transport{"gRPC": client.TransportGRPC, "lanes": client.TransportLanes, "auto": client.TransportAuto} {
		t.Run(name, func(t *testing.T) {
			overStores(t, 3, func(t *testing.T, instances []tranship.Store) { test(t, transport, instances) })
		})
	}
}

// dial returns a client with so many connections, and streams for a large file.
func (b *balancer) dial(t *testing.T, transport client.Transport, connections int) *client.Client {
	t.Helper()
	dialed, err := client.Dial(t.Context(), b.address(), client.Options{Transport: transport, Connections: connections})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dialed.Close(); err != nil {
			t.Error(err)
		}
	})
	return dialed
}

// noise returns n bytes that look random.
func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

// mustHave checks the content of a file.
func mustHave(t *testing.T, store tranship.Store, path string, want []byte) {
	t.Helper()
	content, err := store.Open(t.Context(), path, tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	got, err := io.ReadAll(content)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes, %v; want %d", path, len(got), err, len(want))
	}
}

// resumable is the spec of an upload that can be resumed.
func resumable(path string, data []byte) tranship.Spec {
	return tranship.Spec{Path: path, Size: new(int64(len(data))), ResumeKey: "key"}
}

// writeParts writes all parts of data. All are open at once, so that they use all streams.
func writeParts(ctx context.Context, upload tranship.Upload, data []byte) error {
	pieces := slices.Collect(slices.Chunk(data, int(upload.PartSize())))
	parts := make([]tranship.PartWriter, len(pieces))
	for n := range pieces {
		var err error
		if parts[n], err = upload.Part(ctx, n); err != nil {
			return err
		}
	}
	errs := make([]error, len(pieces))
	var all sync.WaitGroup
	for n, part := range parts {
		all.Go(func() {
			_, err := part.Write(pieces[n])
			errs[n] = errors.Join(err, part.Close())
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// TestStreamsOnAllServers uploads a file over streams that reach three servers, all of which write
// to it.
func TestStreamsOnAllServers(t *testing.T) {
	overTransports(t, func(t *testing.T, transport client.Transport, instances []tranship.Store) {
		store := instances[0]
		all, stores := shared(instances, true)
		b := newBalancer(t, server.Config{}, stores...)
		data := noise(12*64<<10 - 100)
		dialed := b.dial(t, transport, 6)
		for range 2 {
			upload, err := dialed.Begin(t.Context(), resumable("file", data))
			if err != nil {
				t.Fatal(err)
			}
			if err := writeParts(t.Context(), upload, data); err != nil {
				t.Fatal(err)
			}
			if err := upload.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if durable := upload.Durable(); len(durable) != 12 {
				t.Errorf("%d parts are durable, want 12", len(durable))
			}
			if _, err := upload.Commit(t.Context(), tranship.Commit{Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data))}); err != nil {
				t.Fatal(err)
			}
			mustHave(t, store, "file", data)
			if err := store.Remove(t.Context(), "file", tranship.Precondition{}); err != nil {
				t.Fatal(err)
			}
		}
		for i, s := range all {
			if s.parts.Load() == 0 {
				t.Errorf("server %d of %d has written no part: %d begun, %d joined", i, len(all), s.begun.Load(), s.joined.Load())
			}
			if s.refused.Load() != 0 {
				t.Errorf("server %d has refused %d joins", i, s.refused.Load())
			}
		}
	})
}

// TestStreamsOnOneServer uploads files over a store that cannot join uploads. The streams that
// reach other servers are not used, and nothing has to be sent again.
func TestStreamsOnOneServer(t *testing.T) {
	overTransports(t, func(t *testing.T, transport client.Transport, instances []tranship.Store) {
		if transport == client.TransportLanes {
			return // see TestLanesOfOtherServers
		}
		for name, spec := range map[string]func(data []byte) tranship.Spec{
			"resumable": func(data []byte) tranship.Spec { return resumable("file", data) },
			"known":     func(data []byte) tranship.Spec { return tranship.Spec{Path: "file", Size: new(int64(len(data)))} },
			"unknown":   func([]byte) tranship.Spec { return tranship.Spec{Path: "file"} },
		} {
			t.Run(name, func(t *testing.T) {
				store := instances[0]
				all, stores := shared(instances, false)
				b := newBalancer(t, server.Config{}, stores...)
				data := noise(12*64<<10 - 100)
				dialed := b.dial(t, transport, 6)
				upload, err := dialed.Begin(t.Context(), spec(data))
				if err != nil {
					t.Fatal(err)
				}
				if err := writeParts(t.Context(), upload, data); err != nil {
					t.Fatal(err)
				}
				if _, err := upload.Commit(t.Context(), tranship.Commit{Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data))}); err != nil {
					t.Fatal(err)
				}
				mustHave(t, store, "file", data)
				wrote := 0
				for _, s := range all {
					if s.parts.Load() > 0 {
						wrote++
					}
				}
				if b.reached() != 3 {
					t.Errorf("the client has reached %d servers, want 3", b.reached())
				}
				if wrote != 1 {
					t.Errorf("%d servers have written parts, want the one that has begun the upload", wrote)
				}
			})
		}
	})
}

// TestLanesOfOtherServers checks that a client that must use lanes, and reaches another server with
// them than over gRPC, says so, because the streams of an upload could not join it there.
func TestLanesOfOtherServers(t *testing.T) {
	_, stores := shared(slices.Repeat([]tranship.Store{new(mem.Store)}, 2), false)
	b := newBalancer(t, server.Config{}, stores...)
	dialed, err := client.Dial(t.Context(), b.address(), client.Options{Transport: client.TransportLanes})
	if _, ok := errors.AsType[*client.LaneError](err); !ok && err != nil {
		t.Errorf("Dial: %v, want a LaneError or none", err)
	}
	if err == nil {
		dialed.Close()
	}
}

// TestServerFails copies a file while servers fail one after the other. The last one finishes what
// the first has begun.
func TestServerFails(t *testing.T) {
	overTransports(t, func(t *testing.T, transport client.Transport, instances []tranship.Store) {
		store := instances[0]
		all, stores := shared(instances, true)
		b := newBalancer(t, server.Config{}, stores...)
		var parts, failures atomic.Int64
		for i, s := range all {
			of := b.servers[i]
			s.during = func() {
				failed := failures.Load()
				if parts.Add(1) >= 10+15*failed && failed < 2 && failures.CompareAndSwap(failed, failed+1) && !b.fail(of) {
					failures.Add(-1) // the call was still under way at a server that has failed
				}
			}
		}
		data := noise(48 * 64 << 10)
		local := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(local, data, 0o600); err != nil {
			t.Fatal(err)
		}
		attempts := 0
		options := transfer.UploadOptions{Options: transfer.Options{Report: func(result transfer.Result) { attempts = result.Attempts }}}
		if _, err := transfer.Upload(t.Context(), b.dial(t, transport, 4), local, "file", options); err != nil {
			t.Fatal(err)
		}
		mustHave(t, store, "file", data)
		if len(b.servers) != 1 || attempts < 2 {
			t.Errorf("%d servers are left after %d attempts, want 1 after several", len(b.servers), attempts)
		}
	})
}

// TestUploadsOfOtherServers lists, resumes and aborts uploads at another server than the one that
// has begun them and still has them open.
func TestUploadsOfOtherServers(t *testing.T) {
	overStores(t, 2, func(t *testing.T, instances []tranship.Store) {
		store := instances[0]
		_, stores := shared(instances, true)
		b := newBalancer(t, server.Config{}, stores...)
		one, other := b.dial(t, client.TransportGRPC, 1), b.dial(t, client.TransportGRPC, 1)
		data := noise(3 * 64 << 10)
		begin := func(at *client.Client, path string) tranship.Upload {
			t.Helper()
			upload, err := at.Begin(t.Context(), resumable(path, data))
			if err != nil {
				t.Fatal(err)
			}
			return upload
		}
		open, aborted := begin(one, "resumed"), begin(one, "aborted")
		part, err := open.Part(t.Context(), 1)
		if err == nil {
			_, err = part.Write(data[64<<10 : 128<<10])
		}
		if err = errors.Join(err, part.Close(), open.Sync(t.Context())); err != nil {
			t.Fatal(err)
		}
		listed := 0
		for info, err := range other.ListUploads(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if listed++; info.ID != open.ID() && info.ID != aborted.ID() {
				t.Errorf("the other server lists %+v", info)
			}
		}
		if listed != 2 {
			t.Errorf("the other server lists %d uploads, want 2", listed)
		}
		if err := other.AbortUpload(t.Context(), aborted.ID()); err != nil {
			t.Fatal(err)
		}
		if err := writeParts(t.Context(), aborted, data); err == nil {
			if err = aborted.Sync(t.Context()); !errors.Is(err, tranship.ErrAborted) {
				t.Errorf("writing to an upload that another server has aborted: %v", err)
			}
		} else if !errors.Is(err, tranship.ErrAborted) {
			t.Errorf("writing to an upload that another server has aborted: %v, want ErrAborted", err)
		}
		resumed := begin(other, "resumed")
		if resumed.ID() != open.ID() || resumed.Epoch() != 2 || len(resumed.Durable()) != 1 {
			t.Errorf("resumed upload %s in epoch %d with %d durable parts, want %s, 2 and 1", resumed.ID(), resumed.Epoch(), len(resumed.Durable()), open.ID())
		}
		if _, err := open.Commit(t.Context(), tranship.Commit{Size: int64(len(data))}); !errors.Is(err, tranship.ErrAborted) {
			t.Errorf("committing an upload that another server has resumed: %v, want ErrAborted", err)
		}
		if err := writeParts(t.Context(), resumed, data); err != nil {
			t.Fatal(err)
		}
		if _, err := resumed.Commit(t.Context(), tranship.Commit{Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		mustHave(t, store, "resumed", data)
	})
}
