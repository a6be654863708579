package server_test

import (
	"math"
	"net/http"
	"strconv"
	"testing"

	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// TestTusGreatestLength checks that uploads of the greatest length do not overflow what counts them.
func TestTusGreatestLength(t *testing.T) {
	for _, test := range []struct {
		quota              quota.Options
		first, next, small int
	}{
		{quota.Options{}, http.StatusCreated, http.StatusCreated, http.StatusCreated},
		{quota.Options{Bytes: 1 << 40}, http.StatusInsufficientStorage, http.StatusInsufficientStorage, http.StatusCreated},
		{quota.Options{Bytes: math.MaxInt64}, http.StatusCreated, http.StatusInsufficientStorage, http.StatusInsufficientStorage},
		{quota.Options{FileBytes: math.MaxInt64 - 1}, http.StatusRequestEntityTooLarge, http.StatusRequestEntityTooLarge, http.StatusCreated},
	} {
		w := serveHTTP(t, &mem.Store{}, server.Config{Quota: test.quota})
		create := func(path string, size int64) response {
			return w.tus(http.MethodPost, "/uploads/", nil, "Upload-Length", strconv.FormatInt(size, 10), "Upload-Metadata", tusMetadata("path", path))
		}
		first := create("a", math.MaxInt64).want(t, "the first", test.first)
		create("b", math.MaxInt64).want(t, "the next", test.next)
		create("c", 5).want(t, "a small one", test.small)
		if url := first.header.Get("Location"); url != "" {
			w.tus(http.MethodPatch, url, http.NoBody, "Upload-Offset", strconv.FormatInt(math.MaxInt64, 10)).want(t, "beyond the bytes", http.StatusConflict)
			if got := w.patchTus(url, 0, "abc"); got != 3 {
				t.Errorf("the offset is %d", got)
			}
		}
	}
}
