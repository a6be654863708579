package abilities

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/quota"
	"github.com/tranship/tranship/store/retry"
)

// stack wraps a store as a server does, with a retry around.
func stack(t *testing.T, inner tranship.Store, log *bytes.Buffer) (tranship.Store, *quota.Store) {
	t.Helper()
	counted := limited(t, inner, quota.Options{Bytes: 12, FileBytes: 6})
	rules := parse(t, "allow ann read,list,write open\nallow ann write secret\nallow ben read,list,write /\n")
	return retry.New(audit.New(guard.New(limit.NewFiles(100).Store(counted), rules), audit.NewLog(log, nil)), retry.Options{}), counted
}

// TestBatchThroughAll sends batches of which some items are allowed, through all decorators of a
// server: the others are refused, counted and recorded one by one, and do not reach the store.
func TestBatchThroughAll(t *testing.T) {
	inner, log := newAbleStore(), new(bytes.Buffer)
	store, counted := stack(t, inner, log)
	ann := as(t, "ann")
	item := func(path, data string, change func(spec *tranship.Spec)) tranship.PutItem {
		made := tranship.PutItem{Spec: tranship.Spec{Path: path, Owner: "ben"}, Data: []byte(data)}
		if change != nil {
			change(&made.Spec)
		}
		return made
	}
	attacks := []struct {
		item tranship.PutItem
		want error
		word string
	}{
		{item("open/a", "1234", nil), nil, "ok"},
		{item("other/b", "1234", nil), tranship.ErrDenied, "denied"},
		{item("open/../other/b", "1234", nil), tranship.ErrInvalid, "invalid"},
		{item(".tranship/b", "1234", nil), tranship.ErrInvalid, "invalid"},
		{item("open/large", "1234567", nil), tranship.ErrLimit, "limit"},
		{item("open/bad", "1", func(spec *tranship.Spec) { spec.CRC32C = new(uint32(1)) }), tranship.ErrIntegrity, "integrity"},
		// A revision would confirm a guess of what ann may not read.
		{item("secret/c", "1", func(spec *tranship.Spec) { spec.Precondition.MustMatchRevision = "guess" }), tranship.ErrDenied, "denied"},
		{item("secret/d", "5678", nil), nil, "ok"},
		{item("open/a/below", "1", nil), tranship.ErrExists, "exists"},
		// The first fits when those that fail in the store have given up their space.
		{item("open/e", "9012", nil), nil, "ok"},
		{item("open/over", "123456", nil), tranship.ErrQuota, "quota"},
	}
	var items []tranship.PutItem
	for _, attack := range attacks {
		items = append(items, attack.item)
	}
	results := mustFind[tranship.BatchPutter](t, store).PutBatch(ann, items)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != len(attacks) || len(results) != len(attacks) {
		t.Fatalf("%d results and %d lines for %d items: %s", len(results), len(lines), len(attacks), log)
	}
	for i, attack := range attacks {
		if attack.want == nil {
			must(t, results[i].Err)
		} else {
			failsWith(t, results[i].Err, attack.want)
		}
		if want := `"action":"put","result":"` + attack.word + `","principal":"ann"`; !strings.Contains(lines[i], want) {
			t.Errorf("the line of %s is %s, want %s", attack.item.Spec.Path, lines[i], want)
		}
	}
	if has := counted.Usage("ann"); has.Bytes != 12 || has.ReservedBytes != 0 || has.ReservedFiles != 0 {
		t.Errorf("three files of 4 bytes count as %v", has)
	}
	var stored []string
	for entry, err := range inner.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		must(t, err)
		stored = append(stored, entry.Path)
	}
	if got := strings.Join(stored, " "); got != "open/a open/e secret/d" {
		t.Errorf("the store has %s", got)
	}

	log.Reset()
	fetched := mustFind[tranship.BatchFetcher](t, store).FetchBatch(ann, []tranship.FetchItem{
		{Path: "secret/d", Size: 4}, {Path: "open/a", Size: 4}, {Path: "other/none", Size: 4}, {Path: "open/none", Size: 4}, {Path: "open/e", Size: 3},
	})
	for i, want := range []error{tranship.ErrNotFound, nil, tranship.ErrNotFound, tranship.ErrNotFound, nil} {
		if want == nil {
			must(t, fetched[i].Err)
		} else if failsWith(t, fetched[i].Err, want); fetched[i].Data != nil || fetched[i].File.Path != "" {
			t.Errorf("the fetch of item %d returns %+v", i, fetched[i])
		}
	}
	if string(fetched[1].Data) != "1234" || fetched[4].Data != nil {
		t.Errorf("fetched %q, and %q of a file of another size", fetched[1].Data, fetched[4].Data)
	}
	wantLines(t, log.String(),
		`"result":"denied","principal":"ann","source":"","path":"secret/d","offset":0,"bytes":0,"whole":false`,
		`"result":"ok","principal":"ann","source":"","path":"open/a","offset":0,"bytes":4,"whole":true`,
		`"result":"denied","principal":"ann","source":"","path":"other/none"`,
		`"result":"not_found","principal":"ann","source":"","path":"open/none"`,
		`"result":"ok","principal":"ann","source":"","path":"open/e","offset":0,"bytes":0,"whole":false`)
	inner.passedOn(t, 4, 3) // with those that fail in the store, and without those that did not fit at once
}

// TestBatchesThroughAll sends batches with the same paths at once: they end, and count.
func TestBatchesThroughAll(t *testing.T) {
	log := new(bytes.Buffer)
	inner := newAbleStore().Store
	store, counted := stack(t, inner, log)
	var senders sync.WaitGroup
	for sender := range 8 {
		senders.Go(func() {
			name := []string{"ann", "ben"}[sender%2]
			items := make([]tranship.PutItem, 20)
			for i := range items {
				path := "open/" + string(rune('a'+(i*(sender+1))%7))
				items[i] = tranship.PutItem{Spec: tranship.Spec{Path: path}, Data: []byte("12")}
			}
			for _, result := range tranship.PutBatch(as(t, name), store, items) {
				if result.Err != nil && !errors.Is(result.Err, tranship.ErrQuota) {
					t.Error(result.Err)
				}
			}
		})
	}
	senders.Wait()
	sums := map[string]int64{"ann": 0, "ben": 0}
	for entry, err := range inner.Accounts(t.Context()) {
		must(t, err)
		sums[*entry.Account] += entry.Size
	}
	for name, sum := range sums {
		if has := counted.Usage(name); has.Bytes != sum || sum > 12 || has.ReservedBytes != 0 {
			t.Errorf("%s has %d bytes, and they count as %v", name, sum, has)
		}
	}
	if lines := strings.Count(log.String(), "\n"); lines != 8*20 {
		t.Errorf("%d lines for %d items", lines, 8*20)
	}
}
