package quota_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// gappy is a store that cannot read all of its accounts.
type gappy struct {
	*mem.Store
	// last is the error that ends the accounts; nil for none.
	last error
}

func (h gappy) Accounts(ctx context.Context) iter.Seq2[tranship.AccountEntry, error] {
	return func(yield func(tranship.AccountEntry, error) bool) {
		if !yield(tranship.AccountEntry{}, &tranship.SkippedError{Path: "lost+found", IsDir: true, Err: tranship.ErrDenied}) {
			return
		}
		for file, err := range h.Store.Accounts(ctx) {
			if !yield(file, err) {
				return
			}
		}
		if h.last != nil {
			yield(tranship.AccountEntry{}, h.last)
		}
	}
}

func (h gappy) Account(ctx context.Context, path string) (tranship.AccountEntry, error) {
	if strings.HasPrefix(path, "closed/") {
		return tranship.AccountEntry{}, fmt.Errorf("%w: cannot describe %s", tranship.ErrDenied, path)
	}
	return h.Store.Account(ctx, path)
}

// Unreadable files do not count and are logged. The others count.
func TestUnreadableDoesNotCount(t *testing.T) {
	inner := gappy{Store: &mem.Store{PartSize: 8}}
	must(t, put(tranship.NewAccountContext(t.Context(), "ann"), inner.Store, "file", 5))
	size := int64(7)
	upload, err := inner.Begin(t.Context(), tranship.Spec{Path: "closed/file", Size: &size, ResumeKey: "key", Owner: "ann"})
	must(t, err)
	must(t, upload.Detach(t.Context()))

	var log bytes.Buffer
	options := quota.Options{Files: 10, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	store, err := quota.New(t.Context(), inner, options)
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 5, Files: 1, ReservedBytes: 7, ReservedFiles: 1, Uploads: 1})
	// An unfinished upload reserves its whole size even if it replaces a file.
	if strings.Count(log.String(), "path=lost+found") != 1 {
		t.Errorf("the log does not name the skipped directory exactly once: %s", log.String())
	}
	inner.last = fmt.Errorf("%w: the store is closed", tranship.ErrUnavailable)
	if _, err := quota.New(t.Context(), inner, options); !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("a closed store: %v", err)
	}
}
