package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server"
)

// createWith begins an upload in pieces with a link.
func (s linkSite) createWith(link sharedLink, path string) response {
	s.t.Helper()
	return s.at("", http.MethodPost, "/uploads/", nil, "Tranship-Link", strings.Trim(strings.TrimPrefix(link.URL, "/s/"), "/"), "Tus-Resumable", "1.0.0",
		"Upload-Length", "4", "Upload-Metadata", tusMetadata("path", path))
}

// ageLink makes the record of a link as it were if nothing had been done with the link for a month.
func (s linkSite) ageLink(link sharedLink) {
	s.t.Helper()
	state, ok := s.store.(tranship.StateStore)
	if !ok {
		s.t.Fatal("the store has no state")
	}
	entry, err := state.GetState(s.t.Context(), "links/"+link.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	record, open := map[string]any{}, []map[string]any{}
	if err := json.Unmarshal(entry.Value, &record); err != nil {
		s.t.Fatal(err)
	}
	all, ok := record["open"].([]any)
	if !ok {
		s.t.Fatalf("the record is %s", entry.Value)
	}
	for _, one := range all {
		upload, _ := one.(map[string]any)
		upload["at"] = time.Now().Add(-30 * 24 * time.Hour)
		open = append(open, upload)
	}
	record["open"] = open
	delete(record, "examined")
	if entry.Value, err = json.Marshal(record); err != nil {
		s.t.Fatal(err)
	}
	if _, err := state.SwapState(s.t.Context(), entry); err != nil {
		s.t.Fatal(err)
	}
}

// TestLinkUnfinishedOld fills a link with uploads, which count as long as they are unfinished, however old
// they are. Those that others have removed make room once they are not new any more.
func TestLinkUnfinishedOld(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	link := s.share("ann", `{"path":"inbox/","upload":true}`)
	for n := range 64 {
		s.createWith(link, fmt.Sprint(n)).want(t, "POST", http.StatusCreated)
	}
	abort := func(paths ...string) {
		t.Helper()
		aborted := 0
		for _, path := range paths {
			for info, err := range s.store.ListUploads(t.Context(), "inbox") {
				if err != nil {
					t.Fatal(err)
				}
				if info.Path != path {
					continue
				}
				if err := s.store.AbortUpload(t.Context(), info.ID); err != nil {
					t.Fatal(err)
				}
				aborted++
			}
		}
		if aborted != len(paths) {
			t.Fatalf("%d uploads of %d were there", aborted, len(paths))
		}
	}
	full := func(when string) {
		t.Helper()
		s.createWith(link, "more").want(t, when, http.StatusServiceUnavailable)
	}
	s.ageLink(link)
	full("all are old and unfinished")
	abort("inbox/0")
	full("one was removed after the uploads were looked for")
	s.ageLink(link)
	abort("inbox/1")
	s.createWith(link, "a").want(t, "two were removed", http.StatusCreated)
	s.createWith(link, "b").want(t, "two were removed", http.StatusCreated)
	full("two have begun")
}

// TestLinkUnfinishedAtOnce begins more uploads at the same time than a link may have, at two servers.
func TestLinkUnfinishedAtOnce(t *testing.T) {
	store := newMem()
	sites := []linkSite{newLinkSite(t, store, server.Config{}), newLinkSite(t, store, server.Config{})}
	link := sites[0].share("ann", `{"path":"inbox/","upload":true}`)
	for n := range 60 {
		sites[n%2].createWith(link, fmt.Sprint("first", n)).want(t, "POST", http.StatusCreated)
	}
	var all sync.WaitGroup
	var begun atomic.Int64
	for n := range 20 {
		all.Go(func() {
			switch got := sites[n%2].createWith(link, fmt.Sprint(n)); got.status {
			case http.StatusCreated:
				begun.Add(1)
			case http.StatusServiceUnavailable:
			default:
				t.Errorf("status %d with %q", got.status, got.body)
			}
		})
	}
	all.Wait()
	if begun.Load() != 4 {
		t.Errorf("%d uploads have begun, want 4", begun.Load())
	}
}
