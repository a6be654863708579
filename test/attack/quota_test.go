//go:build linux

package attack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// TestQuotaRaces stores many files concurrently as one caller, with every protocol and
// over several connections. Together they must not exceed the quota.
func TestQuotaRaces(t *testing.T) {
	const largest, quotaBytes, quotaFiles = 8000, 8200, 12
	for limit, flags := range map[tranship.Limit][]string{
		tranship.LimitQuotaBytes: {"--quota-bytes", fmt.Sprint(quotaBytes), "--quota-files", "1000"},
		tranship.LimitQuotaFiles: {"--quota-bytes", "1MiB", "--quota-files", fmt.Sprint(quotaFiles)},
	} {
		t.Run(string(limit), func(t *testing.T) {
			s := prepareSite(t)
			tokens := filepath.Join(t.TempDir(), "tokens")
			alice, bob := newToken(t, tokens, "alice"), newToken(t, tokens, "bob")
			s.healthy = as(bob)
			flags := append(flags, "--tokens", tokens, "--max-file-size", fmt.Sprint(largest), "--max-uploads", "30")
			s.process, s.before = startServer(t, s.root, flags...), snapshot(t, s.dir)
			room := func() int { // in bytes or files
				bytes, files := s.sum(t, "alice-")
				if limit == tranship.LimitQuotaBytes {
					return quotaBytes - largest - bytes
				}
				return quotaFiles - 1 - files
			}
			dial := func() *client.Client {
				s.healthy = as(alice)
				defer func() { s.healthy = as(bob) }()
				return s.dialClient(t)
			}
			ctx := testContext(t)
			c := dial()
			put := func(path string, content []byte) error {
				_, err := c.Put(ctx, tranship.Spec{Path: path}, content)
				return err
			}
			if err := put("hers", make([]byte, largest)); err != nil {
				t.Fatal(err)
			}
			s.race(t, alice, "alice-1")
			if room() < 0 {
				t.Errorf("the caller exceeds its quota by %d", -room())
			}

			// Refused files hold no reservation: exactly the rest of the quota is free.
			one := []byte{1}
			for n := range room() {
				path := fmt.Sprint("alice-rest-", n)
				s.until(t, "the rest of the quota is free", func() bool { return put(path, one) == nil })
			}
			full := func(when string) {
				t.Helper()
				if err := put("alice-more", one); !errors.Is(err, tranship.ErrQuota) || !names(err, limit) {
					t.Errorf("one more %s: %v", when, err)
				}
				if err := put("alice-large", make([]byte, largest+1)); !errors.Is(err, tranship.ErrLimit) || !names(err, tranship.LimitFileBytes) {
					t.Errorf("a large file %s: %v", when, err)
				}
			}
			full("when it is full")
			s.stop(t)
			s.process = startServer(t, s.root, flags...)
			c = dial()
			full("after a restart")
			s.race(t, alice, "alice-2")
			if left := room(); left != 0 {
				t.Errorf("after another race there is room for %d", left)
			}

			// Removing files frees their quota.
			remove := func() {
				names, err := filepath.Glob(filepath.Join(s.root, "alice-*"))
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range names {
					if err := c.Remove(ctx, filepath.Base(name), tranship.Precondition{}); err != nil {
						t.Error(err)
					}
				}
			}
			remove()
			s.race(t, alice, "alice-3")
			if left := room(); left < 0 {
				t.Errorf("after removals, the caller exceeds its quota by %d", -left)
			}
			if err := put("alice-again", nil); err != nil && !errors.Is(err, tranship.ErrQuota) {
				t.Error(err)
			}
			remove()
			if err := put("alice-again", one); err != nil {
				t.Errorf("after all is removed: %v", err)
			}
			remove()
			if err := c.Remove(ctx, "hers", tranship.Precondition{}); err != nil {
				t.Error(err)
			}
			s.serves(t)
			s.stop(t)
			s.unchanged(t)
		})
	}
}

// race sends every request that writes concurrently with a token. Another caller is
// served meanwhile.
func (s *site) race(t testing.TB, token, prefix string) {
	t.Helper()
	var conns []*grpc.ClientConn
	for range 4 {
		conns = append(conns, s.dial(t, grpc.WithPerRPCCredentials(bearer(token))))
	}
	var all sync.WaitGroup
	n := 0
	for range 8 {
		for _, request := range requests() {
			if !request.writes {
				continue
			}
			n++
			path, conn := fmt.Sprintf("%s-%d", prefix, n), conns[n%len(conns)]
			all.Go(func() {
				ended, _ := request.answer(t, conn, path)
				named := names(ended.Err(), tranship.LimitQuotaBytes, tranship.LimitQuotaFiles, tranship.LimitUploads)
				if ended.Code() != codes.OK && (ended.Code() != codes.ResourceExhausted || !named) {
					t.Errorf("%s: %v", request.name, ended)
				}
			})
		}
	}
	s.serves(t)
	all.Wait()
}

// sum returns the total size and number of the files with a prefix.
func (s *site) sum(t testing.TB, prefix string) (bytes, files int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.root, prefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		bytes += int(info.Size())
	}
	return bytes, len(names)
}

// names reports whether an error of a client, or the status of a call, names one of the
// limits.
func names(err error, limits ...tranship.Limit) bool {
	over, ok := errors.AsType[*tranship.LimitError](rpcstatus.FromError(err))
	return ok && slices.Contains(limits, over.Limit)
}
