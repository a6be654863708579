package quiet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// pager is a reader that takes the first bytes, and pauses before it takes the rest.
type pager struct {
	bytes.Buffer
	pauses []time.Duration
}

func (p *pager) Write(b []byte) (int, error) {
	if len(p.pauses) > 0 {
		time.Sleep(p.pauses[0])
		p.pauses = p.pauses[1:]
	}
	return p.Buffer.Write(b)
}

// TestPager checks that a reader of the standard output may pause for as long as it likes:
// neither pings nor the minimum rate of the server, whose grpc.Server has no options, nor a
// proxy end the copy. Meanwhile it holds nothing at the server.
func TestPager(t *testing.T) {
	for name, limits := range map[string]limit.Options{
		"default limits": {},
		"no minimum":     {MinRate: -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, data := &mem.Store{}, pattern(24<<20)
				fill(t, store, "f", data)
				s := newSite(t, store, server.Config{Limits: limits}, client.Options{}, newIdleDown)
				out := &pager{pauses: []time.Duration{3 * time.Hour, 2 * time.Minute}}
				attempts := 0
				options := transfer.Options{Report: func(r transfer.Result) { attempts = r.Attempts }}
				if err := transfer.Copy(t.Context(), transfer.Stdout{Writer: out}, one(s, int64(len(data))), options); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(out.Bytes(), data) || attempts != 1 {
					t.Errorf("%d bytes came out, in %d attempts", out.Len(), attempts)
				}
			})
		})
	}
}

// stopped is the connection of a process that is stopped for an hour in the middle of a
// download.
type stopped struct {
	net.Conn
	read int
}

func (s *stopped) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if before := s.read; before < 5<<20 && before+n >= 5<<20 {
		time.Sleep(time.Hour)
	}
	s.read += n
	return n, err
}

// TestStoppedReader checks that a reader continues whose process was stopped for so long that
// the server ended its call.
func TestStoppedReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, data := &mem.Store{}, pattern(24<<20)
		fill(t, store, "f", data)
		s := newSite(t, store, server.Config{}, client.Options{Connections: 1}, func(conn net.Conn) net.Conn { return &stopped{Conn: conn} })
		content, err := s.Open(t.Context(), "f", tranship.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

// TestPagerOfReplacedFile checks that a reader that paused never gets bytes of another
// version.
func TestPagerOfReplacedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, data := &mem.Store{}, pattern(24<<20)
		fill(t, store, "f", data)
		s := newSite(t, store, server.Config{}, client.Options{}, nil)
		content, err := s.Open(t.Context(), "f", tranship.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		begin := make([]byte, 1000)
		if _, err := io.ReadFull(content, begin); err != nil {
			t.Fatal(err)
		}
		fill(t, store, "f", pattern(25<<20))
		time.Sleep(time.Hour)
		rest, err := io.ReadAll(content)
		if !errors.Is(err, tranship.ErrPrecondition) || !bytes.HasPrefix(data, append(begin, rest...)) {
			t.Errorf("%d bytes, then %v", len(rest), err)
		}
	})
}

// slowReads is a store whose files and lists take long to answer.
type slowReads struct {
	*mem.Store
	pause time.Duration
}

func (s *slowReads) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if err := wait(ctx, s.pause); err != nil {
		return nil, err
	}
	content, err := s.Store.Open(ctx, path, options)
	return &slowContent{content, ctx, s.pause}, err
}

type slowContent struct {
	tranship.Content
	ctx   context.Context
	pause time.Duration
}

func (c *slowContent) Read(p []byte) (int, error) {
	if err := wait(c.ctx, c.pause); err != nil {
		return 0, err
	}
	return c.Content.Read(p)
}

func (s *slowReads) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		for entry, err := range s.Store.List(ctx, options) {
			if wait(ctx, s.pause) != nil || !yield(entry, err) {
				return
			}
		}
	}
}

func (s *slowReads) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return func(yield func(tranship.UploadInfo, error) bool) {
		for info, err := range s.Store.ListUploads(ctx, directory) {
			if wait(ctx, s.pause) != nil || !yield(info, err) {
				return
			}
		}
	}
}

func (s *slowReads) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	if err := wait(ctx, s.pause); err != nil {
		return err
	}
	return s.Store.Remove(ctx, path, precondition)
}

// TestSlowReads checks that a store that takes longer than the stall timeout to read is no
// stall: for small files, large files, lists, lists of uploads and the removal of a tree.
func TestSlowReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stall = 2 * time.Second
		store := &slowReads{&mem.Store{}, time.Minute}
		small, large := pattern(5), pattern(3<<20)
		fill(t, store.Store, "small/f", small)
		fill(t, store.Store, "large/f", large)
		if _, err := store.Begin(t.Context(), tranship.Spec{Path: "unfinished", Size: new(int64(5)), ResumeKey: "key"}); err != nil {
			t.Fatal(err)
		}
		s := newSite(t, store, server.Config{}, client.Options{StallTimeout: stall}, newIdleDown)
		for path, data := range map[string][]byte{"small/f": small, "large/f": large} {
			target := &mem.Store{}
			item := transfer.Item{Source: s, SourcePath: path, Path: "f", File: tranship.File{Size: int64(len(data))}}
			items := func(yield func(transfer.Item, error) bool) { yield(item, nil) }
			if err := transfer.Copy(t.Context(), target, items, transfer.Options{StallTimeout: stall, Attempts: 1}); err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			mustHave(t, target, "f", data)
		}
		entries := 0
		for _, err := range s.List(t.Context(), tranship.ListOptions{Recursive: true}) {
			if err != nil {
				t.Errorf("the list: %v", err)
			}
			entries++
		}
		uploads := 0
		for _, err := range s.ListUploads(t.Context(), "") {
			if err != nil {
				t.Errorf("the list of uploads: %v", err)
			}
			uploads++
		}
		if entries != 2 || uploads != 1 {
			t.Errorf("%d files and %d uploads are listed", entries, uploads)
		}
		if removed, err := s.RemoveAll(t.Context(), "small", tranship.RemoveAllOptions{}); err != nil || removed != 1 {
			t.Errorf("%d files were removed, %v", removed, err)
		}
	})
}
