package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/quota"
)

// TestLinkTold checks that a caller with a link is not told the directory or the principal of the link
// when there is no room.
func TestLinkTold(t *testing.T) {
	store, err := disk.Open(t.TempDir(), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for name, config := range map[string]server.Config{"space": {}, "quota": {Quota: quota.Options{Bytes: 100}}} {
		s := newLinkSite(t, store, config)
		link := s.share("ann", `{"path":"hidden/","upload":true,"max_uses":1}`)
		token := strings.Trim(strings.TrimPrefix(link.URL, "/s/"), "/")
		got := s.at("", http.MethodPost, "/uploads/", nil, "Tranship-Link", token, "Tus-Resumable", "1.0.0", "Upload-Length", "9223372036854775807",
			"Upload-Metadata", tusMetadata("path", "f")).want(t, name, http.StatusInsufficientStorage)
		if strings.Contains(got.body, "hidden") || strings.Contains(got.body, "ann") || got.body == "" {
			t.Errorf("%s: the caller is told %q", name, got.body)
		}
		// The use was given back, and the upload that fails in its first piece tells its URL.
		got = s.at("", http.MethodPost, "/uploads/", strings.NewReader("abcd"), "Tranship-Link", token, "Tus-Resumable", "1.0.0", "Upload-Length", "4",
			"Upload-Metadata", tusMetadata("path", "f", "crc32c", "00000000"), "Content-Type", "application/offset+octet-stream")
		if got.status != http.StatusUnprocessableEntity || strings.Contains(got.body, "hidden") || !strings.HasPrefix(got.header.Get("Location"), "/uploads/") {
			t.Errorf("%s: status %d with %q and %v", name, got.status, got.body, got.header)
		}
	}
}

// TestLinkRefusalLog checks that a guess at a link is no failure of the server in the log.
func TestLinkRefusalLog(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.gone("never made", "/s/"+strings.Repeat("a", 56))
	logged := s.logged.String()
	if !strings.Contains(logged, `"msg":"call refused"`) || strings.Contains(logged, `"level":"ERROR"`) {
		t.Errorf("the log is %s", logged)
	}
}
