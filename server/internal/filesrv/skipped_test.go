package filesrv_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/store/mem"
)

// holed is a store that cannot read directories called closed nor files called unread,
// and has a link in each directory called links.
type holed struct{ *mem.Store }

func (h holed) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		if strings.HasSuffix(options.Directory, "closed") {
			yield(tranship.Entry{}, fmt.Errorf("%w: cannot list %s", tranship.ErrDenied, options.Directory))
			return
		}
		told := ""
		for entry, err := range h.Store.List(ctx, options) {
			if before, _, ok := strings.Cut(entry.Key(), "closed/"); ok {
				if !options.ReportSkipped || told == before {
					continue
				}
				told = before
				entry, err = tranship.Entry{}, &tranship.SkippedError{Path: before + "closed", IsDir: true, Err: tranship.ErrDenied}
			} else if strings.Contains(entry.Path, "links/link") {
				entry, err = tranship.Entry{}, &tranship.SkippedError{Path: entry.Path, Err: tranship.ErrUnsupported}
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

func (h holed) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if strings.HasSuffix(path, "unread") {
		return nil, fmt.Errorf("%w: cannot open %s", tranship.ErrDenied, path)
	}
	return h.Store.Open(ctx, path, options)
}

// All that can be read is sent before a call fails for what cannot.
func TestRevision2GoesOn(t *testing.T) {
	store := new(mem.Store)
	fill(t, store, "a/closed/x", "a/file", "b/file", "b/unread", "b/z", "c/links/link", "c/links/x", "d/closed/x", "d/z")
	client := serve(t, holed{store}, filesrv.Options{})
	for _, test := range []struct {
		name string
		want string
		says string // "": the call succeeds
	}{
		{"a", "a/file", "a/closed"},
		{"b", "b/file b/z", "b/unread"},
		{"c", "c/links/x", ""},
		{"*/*", "a/file b/file b/z d/z", "b/unread"},
		{"[ad]/z", "d/z", ""},
		{"*/closed/*", "", "a/closed"},
		{"[ad]/*/x", "", "a/closed"},
		{"a/closed", "", "a/closed"},
	} {
		files, _, err := downloadAll(ask(t, "2"), t, client, test.name)
		var got []string
		for _, file := range files {
			got = append(got, file.content)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %s", test.name, got, test.want)
		}
		denied := status.Code(err) == codes.PermissionDenied && strings.Contains(err.Error(), test.says)
		if test.says == "" && err != nil || test.says != "" && !denied {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
