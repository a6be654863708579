package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/mem"
)

// TestRenewedDownload checks that a download continues where it was, and is verified as a
// whole.
func TestRenewedDownload(t *testing.T) {
	onGates(t, func(g *gate) {
		want := g.putLarge()
		content, err := g.files.Open(g.Context(), "large", tranship.OpenOptions{})
		if err != nil {
			g.Fatal(err)
		}
		defer content.Close()
		got := make([]byte, 1<<20)
		if _, err := io.ReadFull(content, got); err != nil {
			g.Fatal(err)
		}
		g.renew()
		g.expire()
		rest, err := io.ReadAll(content)
		if err != nil || !bytes.Equal(append(got, rest...), want) {
			g.Errorf("%d of %d bytes, %v", len(got)+len(rest), len(want), err)
		}
	})
}

// TestRenewedList checks that a list continues where it was.
func TestRenewedList(t *testing.T) {
	onGates(t, func(g *gate) {
		segment := strings.Repeat("d", 250)
		directory := strings.Join([]string{segment, segment, segment}, "/")
		const count = 8000
		for n := range count {
			g.put(fmt.Sprintf("%s/%0200d", directory, n), nil)
		}
		n := 0
		for entry, err := range g.files.List(g.Context(), tranship.ListOptions{Recursive: true}) {
			if err != nil {
				g.Fatalf("after %d: %v", n, err)
			}
			if want := fmt.Sprintf("%s/%0200d", directory, n); entry.Path != want {
				g.Fatalf("entry %d is %s", n, entry.Path)
			}
			if n == 0 {
				g.renew()
				g.expire()
			}
			n++
		}
		if n != count {
			g.Errorf("%d of %d entries", n, count)
		}
	})
}

// leavingOut is a store whose lists with ReportSkipped report a skipped file after each
// file.
type leavingOut struct{ *mem.Store }

// List implements tranship.Reader.
func (s leavingOut) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	if !options.ReportSkipped {
		return s.Store.List(ctx, options)
	}
	return func(yield func(tranship.Entry, error) bool) {
		after := options.StartAfter
		options.StartAfter = ""
		for entry, err := range s.Store.List(ctx, options) {
			left := &tranship.SkippedError{Path: entry.Path + "~", Err: tranship.ErrUnsupported}
			if err == nil && entry.Key() <= after && left.Key() <= after {
				continue
			}
			if entry.Key() > after && !yield(entry, err) || err != nil || !yield(tranship.Entry{}, left) {
				return
			}
		}
	}
}

// TestRenewedListLeavesOut checks that a continued list yields neither an entry nor a
// skipped file twice, whichever came last before.
func TestRenewedListLeavesOut(t *testing.T) {
	onGates(t, func(g *gate) {
		const count = 8000
		var want []string
		name := strings.Repeat("n", 200)
		for n := range count {
			path := fmt.Sprintf("%s%d", name, 10_000+n)
			g.put(path, nil)
			want = append(want, path, path+"~")
		}
		var got []string
		for entry, err := range g.files.List(g.Context(), tranship.ListOptions{ReportSkipped: true}) {
			if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
				got = append(got, skipped.Key())
			} else if err != nil {
				g.Fatalf("after %d: %v", len(got), err)
			} else {
				got = append(got, entry.Key())
			}
			if len(got) == 1 {
				g.renew()
				g.expire()
			}
		}
		if !slices.Equal(got, want) {
			g.Errorf("the list has %d items, want %d", len(got), len(want))
		}
	})
}

// TestRenewedUpload checks that an upload keeps its stored bytes and can be resumed.
func TestRenewedUpload(t *testing.T) {
	onGates(t, func(g *gate) {
		spec := tranship.Spec{Path: "up", Size: new(int64(4 << 20)), ResumeKey: "key"}
		upload, err := g.files.Begin(g.Context(), spec)
		if err != nil {
			g.Fatal(err)
		}
		part, err := upload.Part(g.Context(), 0)
		if err == nil {
			_, err = part.Write(make([]byte, upload.PartSize()))
		}
		if err == nil {
			err = errors.Join(part.Close(), upload.Sync(g.Context()))
		}
		if err != nil {
			g.Fatal(err)
		}
		g.renew()
		g.expire()
		if err := g.syncUntilItFails(upload); !errors.Is(err, tranship.ErrUnavailable) || errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("a stream that ended with its credentials: %v", err)
		}
		_ = upload.Detach(g.Context())
		if upload, err = g.files.Begin(g.Context(), spec); err != nil {
			g.Fatal(err)
		}
		if len(upload.Durable()) != 1 {
			g.Errorf("the upload has %d durable parts", len(upload.Durable()))
		}
		if err := upload.Abort(g.Context()); err != nil {
			g.Error(err)
		}
	})
}

// TestRenewedSmall checks that small files use a new stream after the shared one has ended.
// Callers try the files again that were in progress.
func TestRenewedSmall(t *testing.T) {
	onGates(t, func(g *gate) {
		g.put("small", []byte("s"))
		both := []func() error{
			func() error {
				_, err := g.files.Put(g.Context(), tranship.Spec{Path: "put"}, nil)
				return err
			},
			func() error {
				_, _, err := g.files.Fetch(g.Context(), "small", 1)
				return err
			},
		}
		for _, do := range both {
			if err := do(); err != nil {
				g.Fatal(err)
			}
		}
		g.renew()
		g.expire()
		for _, do := range both {
			for deadline := time.Now().Add(time.Minute); ; {
				err := do()
				if err == nil {
					break
				}
				if !errors.Is(err, tranship.ErrUnavailable) || time.Now().After(deadline) {
					g.Fatal(err)
				}
			}
		}
	})
}

// TestRenewedUnary checks that a refused unary call is repeated.
func TestRenewedUnary(t *testing.T) {
	t.Run("certificate", func(t *testing.T) {
		g := newCertificateGate(t, client.TransportGRPC)
		g.put("small", []byte("s"))
		g.good.Store(new("new"))
		g.renew()
		if _, err := g.files.Stat(g.Context(), "small"); err != nil {
			g.Errorf("with another certificate: %v", err)
		}
	})
	t.Run("token", func(t *testing.T) {
		g := newTokenGate(t, client.TransportGRPC)
		g.put("small", []byte("s"))
		// It is replaced between the call and its refusal.
		asked := 0
		address := g.serve(client.TransportGRPC, nil)
		g.dial(address, client.Options{Token: func(context.Context) (string, error) {
			if asked++; asked == 3 {
				g.renew()
			}
			return *g.has.Load(), nil
		}})
		asked = 1
		g.good.Store(new("new"))
		if _, err := g.files.Stat(g.Context(), "small"); err != nil || asked != 4 {
			g.Errorf("with another token: %v, Token was called %d times", err, asked-1)
		}
	})
}

// TestRenewedEarly checks that calls succeed although the server does not know a new token
// at once.
func TestRenewedEarly(t *testing.T) {
	g := newTokenGate(t, client.TransportGRPC)
	want := g.putLarge()
	content, err := g.files.Open(g.Context(), "large", tranship.OpenOptions{})
	if err != nil {
		g.Fatal(err)
	}
	defer content.Close()
	got := make([]byte, 1<<20)
	if _, err := io.ReadFull(content, got); err != nil {
		g.Fatal(err)
	}
	g.early.Store(2)
	g.renew()
	g.expire()
	if _, err := g.files.Stat(g.Context(), "large"); err != nil {
		g.Errorf("a unary call: %v", err)
	}
	g.early.Store(2)
	rest, err := io.ReadAll(content)
	if err != nil || !bytes.Equal(append(got, rest...), want) {
		g.Errorf("a download: %d of %d bytes, %v", len(got)+len(rest), len(want), err)
	}
}

// TestNotRenewed checks that a refusal is final without new credentials.
func TestNotRenewed(t *testing.T) {
	onGates(t, func(g *gate) {
		g.putLarge()
		content, err := g.files.Open(g.Context(), "large", tranship.OpenOptions{})
		if err != nil {
			g.Fatal(err)
		}
		defer content.Close()
		upload, err := g.files.Begin(g.Context(), tranship.Spec{Path: "up", Size: new(int64(4 << 20)), ResumeKey: "key"})
		if err != nil {
			g.Fatal(err)
		}
		g.expire()
		g.awaitRefusal()
		if _, err := io.Copy(io.Discard, content); !errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("a download: %v", err)
		}
		if err := g.syncUntilItFails(upload); !errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("an upload: %v", err)
		}
		if _, err := g.files.Stat(g.Context(), "large"); !errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("a unary call: %v", err)
		}
		g.awaitRefusal()
		select {
		case <-g.refused:
			g.Error("a call was made again with the same credentials")
		default:
		}
		// New credentials that are invalid, too, are tried once.
		g.has.Store(new("new"))
		g.good.Store(new("other"))
		if _, err := g.files.Stat(g.Context(), "large"); !errors.Is(err, tranship.ErrUnauthenticated) {
			g.Errorf("with new credentials that are invalid: %v", err)
		}
	})
}
