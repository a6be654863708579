package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// ageRecord makes the state of the upload with a URL expire in an hour.
func ageRecord(t *testing.T, store tranship.StateStore, url string) (key string) {
	t.Helper()
	key = "tus/" + strings.TrimPrefix(url, "/uploads/")
	entry, err := store.GetState(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	entry.Expires = time.Now().Add(time.Hour)
	if _, err := store.SwapState(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	return key
}

// livesLong checks that a state expires later than ageRecord has set.
func livesLong(t *testing.T, store tranship.StateStore, key, when string) {
	t.Helper()
	entry, err := store.GetState(t.Context(), key)
	if err != nil || time.Until(entry.Expires) < 24*time.Hour {
		t.Errorf("%s, the state of the upload expires at %v, %v", when, entry.Expires, err)
	}
}

// TestTusRecordLives checks that what the server knows of an upload lives as long as bytes come: also in
// the middle of a long piece, and if each piece is cut.
func TestTusRecordLives(t *testing.T) {
	store := &mem.Store{PartSize: 1000}
	w := serveHTTP(t, store, server.Config{})
	content := string(filetest.Random(5500))
	url := w.createTus(int64(len(content)), "path", "a")
	for _, begin := range []int64{0, 700} {
		key := ageRecord(t, store, url)
		conn := w.rawPatch(url, begin, int64(len(content))-begin, content[begin:begin+700])
		w.awaitMoved(t, begin+700)
		livesLong(t, store, key, "in the middle of a piece")
		_ = conn.Close()
		if got := w.offsetTus(url); got != begin+700 {
			t.Errorf("the offset is %d, want %d", got, begin+700)
		}
	}
	w.sendTus(url, content, 2000)
}
