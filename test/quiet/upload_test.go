package quiet

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/pipenet"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// pausing is a program that writes, pauses and writes again.
type pausing struct {
	pause time.Duration
	calls int
}

func (p *pausing) Read(b []byte) (int, error) {
	switch p.calls++; p.calls {
	case 1:
		return copy(b, "begin\n"), nil
	case 2:
		time.Sleep(p.pause)
		return copy(b, "end\n"), nil
	default:
		return 0, io.EOF
	}
}

// TestPausedSource checks that an upload from a program that pauses for longer than proxies,
// the stall timeout and --idle-timeout allow succeeds: only the source is quiet.
func TestPausedSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{}
		s := newSite(t, store, server.Config{}, client.Options{}, newIdleBoth)
		source := &transfer.Stdin{Reader: &pausing{pause: 3 * time.Hour}}
		if err := transfer.Copy(t.Context(), s, one(source, -1), transfer.Options{}); err != nil {
			t.Fatal(err)
		}
		mustHave(t, store, "f", []byte("begin\nend\n"))
		if made := s.conns.Load(); made != 1 {
			t.Errorf("the client made %d connections", made)
		}
	})
}

// slowStore is a store that takes its time to make a file durable.
type slowStore struct {
	tranship.Store
	sync time.Duration
}

func (s *slowStore) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if err := wait(ctx, s.sync); err != nil {
		return tranship.File{}, err
	}
	return s.Store.Put(ctx, spec, data)
}

func (s *slowStore) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	return &slowUpload{upload, s.sync}, err
}

type slowUpload struct {
	tranship.Upload
	sync time.Duration
}

func (u *slowUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	if err := wait(ctx, u.sync); err != nil {
		return nil, err
	}
	return u.Upload.Part(ctx, n)
}

func (u *slowUpload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := wait(ctx, u.sync); err != nil {
		return tranship.File{}, err
	}
	return u.Upload.Commit(ctx, commit)
}

// wait waits, unless the context ends before.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestSlowSync checks that a store that takes longer than the stall timeout to write, sync
// and commit is no stall, for small files and for large ones, which occupy the receiving of
// their streams meanwhile.
func TestSlowSync(t *testing.T) {
	for _, size := range []int{5, 12 << 20} {
		synctest.Test(t, func(t *testing.T) {
			const stall = 2 * time.Second
			store := &slowStore{&mem.Store{}, 10 * time.Minute}
			s := newSite(t, store, server.Config{}, client.Options{StallTimeout: stall}, newIdleDown)
			source := &mem.Store{}
			data := pattern(size)
			fill(t, source, "f", data)
			attempts := 0
			options := transfer.Options{StallTimeout: stall, Report: func(r transfer.Result) { attempts = r.Attempts }}
			if err := transfer.Copy(t.Context(), s, one(source, int64(size)), options); err != nil {
				t.Fatal(err)
			}
			mustHave(t, store.Store.(*mem.Store), "f", data)
			if attempts != 1 {
				t.Errorf("size %d: it took %d attempts", size, attempts)
			}
		})
	}
}

// TestDeadConnection checks that a stream on a dead connection is a stall, also while another
// stream of the same upload gets signs of life; and that the next attempt gets another
// connection.
func TestDeadConnection(t *testing.T) {
	// The first connection carries parts, the second also the slot that owns the upload.
	for _, dead := range []int32{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			store := &slowStore{&mem.Store{}, 5 * time.Second}
			var made atomic.Int32
			s := newSite(t, store, server.Config{}, client.Options{Connections: 2}, func(conn net.Conn) net.Conn {
				f := &pipenet.Freezable{Conn: conn}
				if made.Add(1) == dead {
					time.AfterFunc(7*time.Second, func() { f.Frozen.Store(true) })
				}
				return f
			})
			source, data := &mem.Store{}, pattern(24<<20)
			fill(t, source, "f", data)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			attempts, begun := 0, time.Now()
			options := transfer.Options{Report: func(r transfer.Result) { attempts = r.Attempts }}
			if err := transfer.Copy(ctx, s, one(source, int64(len(data))), options); err != nil {
				t.Fatal(err)
			}
			mustHave(t, store.Store.(*mem.Store), "f", data)
			if took := time.Since(begun); attempts != 2 || took > 5*time.Minute {
				t.Errorf("connection %d: it took %d attempts and %v, over %d connections", dead, attempts, took, s.conns.Load())
			}
		})
	}
}
