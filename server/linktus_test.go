package server_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tranship/tranship/server"
)

// TestLinkTus stores files in pieces with links.
func TestLinkTus(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("inbox/old", "old")
	link, other := s.share("ann", `{"path":"inbox/","upload":true,"max_size":10,"max_uses":2}`), s.share("ann", `{"path":"inbox/","upload":true}`)
	read := s.share("ann", `{"path":"inbox/"}`)
	tokenOf := func(l sharedLink) string { return strings.Trim(strings.TrimPrefix(l.URL, "/s/"), "/") }
	create := func(token, path string, size int) response {
		t.Helper()
		return s.at("", http.MethodPost, "/uploads/", nil, "Tranship-Link", token, "Tus-Resumable", "1.0.0", "Upload-Length", fmt.Sprint(size),
			"Upload-Metadata", "path "+base64.StdEncoding.EncodeToString([]byte(path)))
	}
	patch := func(as, token, at, offset, piece string) response {
		t.Helper()
		headers := []string{"Tus-Resumable", "1.0.0", "Upload-Offset", offset, "Content-Type", "application/offset+octet-stream"}
		if token != "" {
			headers = append(headers, "Tranship-Link", token)
		}
		return s.at(as, http.MethodPatch, at, strings.NewReader(piece), headers...)
	}
	for _, test := range []struct {
		token, path string
		size        int
		status      int
	}{
		{tokenOf(link) + "a", "f", 1, http.StatusNotFound},
		{tokenOf(read), "f", 1, http.StatusNotFound},
		{tokenOf(link), "f", 11, http.StatusRequestEntityTooLarge},
		{tokenOf(link), "../f", 1, http.StatusBadRequest},
		{tokenOf(link), "/f", 1, http.StatusBadRequest},
		{tokenOf(link), "old", 1, http.StatusConflict},
	} {
		if got := create(test.token, test.path, test.size); got.status != test.status || strings.Contains(got.body, "inbox") {
			t.Errorf("%+v: status %d with %q", test, got.status, got.body)
		}
	}
	location, err := url.Parse(create(tokenOf(link), "d/f", 4).want(t, "POST", http.StatusCreated).header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	at := location.Path
	patch("", tokenOf(link), at, "0", "ab").want(t, "PATCH", http.StatusNoContent)
	patch("", tokenOf(other), at, "2", "cd").want(t, "PATCH with another link", http.StatusNotFound)
	patch("ann", "", at, "2", "cd").want(t, "PATCH without the link", http.StatusNotFound)
	if got := s.at("", http.MethodHead, at, nil, "Tus-Resumable", "1.0.0", "Tranship-Link", tokenOf(link)).want(t, "HEAD", http.StatusOK); got.header.Get("Upload-Offset") != "2" {
		t.Errorf("%v", got.header)
	}
	patch("", tokenOf(link), at, "2", "cd").want(t, "PATCH", http.StatusNoContent)
	if got := s.do(http.MethodGet, "inbox/d/f", nil, "Authorization", "Bearer ann").want(t, "GET", http.StatusOK); got.body != "abcd" {
		t.Errorf("%q", got.body)
	}
	create(tokenOf(link), "last", 0).want(t, "the last use", http.StatusCreated)
	create(tokenOf(link), "more", 0).want(t, "another use", http.StatusNotFound)
	if strings.Contains(s.logged.String(), tokenOf(link)[24:]) {
		t.Error("the log has the secret of a link")
	}
}

// TestLinkTusOpen has a stranger begin uploads with a link and finish none. The link takes no more of them than
// 64, and its issuer and others with another link upload as before.
func TestLinkTusOpen(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	link, other := s.share("ann", `{"path":"inbox/","upload":true}`), s.share("ann", `{"path":"inbox/","upload":true}`)
	tokenOf := func(l sharedLink) string { return strings.Trim(strings.TrimPrefix(l.URL, "/s/"), "/") }
	create := func(l sharedLink, name string, size int) response {
		t.Helper()
		return s.at("", http.MethodPost, "/uploads/", nil, "Tranship-Link", tokenOf(l), "Tus-Resumable", "1.0.0", "Upload-Length", fmt.Sprint(size),
			"Upload-Metadata", "path "+base64.StdEncoding.EncodeToString([]byte(name)))
	}
	var locations []string
	for n := range 64 {
		locations = append(locations, create(link, fmt.Sprint(n), 1).want(t, "POST", http.StatusCreated).header.Get("Location"))
	}
	if got := create(link, "more", 1).want(t, "one more", http.StatusServiceUnavailable); !strings.Contains(got.body, "64 unfinished uploads") || got.header.Get("Retry-After") == "" {
		t.Errorf("%v %s", got.header, got.body)
	}
	create(link, "empty", 0).want(t, "a file without bytes", http.StatusServiceUnavailable)
	create(other, "other", 1).want(t, "another link", http.StatusCreated)
	s.at("", http.MethodPatch, locations[0], strings.NewReader("x"), "Tranship-Link", tokenOf(link), "Tus-Resumable", "1.0.0", "Upload-Offset", "0",
		"Content-Type", "application/offset+octet-stream").want(t, "PATCH", http.StatusNoContent)
	s.at("", http.MethodDelete, locations[1], nil, "Tranship-Link", tokenOf(link), "Tus-Resumable", "1.0.0").want(t, "DELETE", http.StatusNoContent)
	s.stored("inbox/2", "taken") // by a file of another client
	s.at("", http.MethodDelete, locations[2], nil, "Tranship-Link", tokenOf(link), "Tus-Resumable", "1.0.0").want(t, "DELETE", http.StatusNoContent)
	create(link, "d", 1).want(t, "after one was removed whose name was taken", http.StatusCreated)
	for n := range 5 { // each ends at once
		create(link, fmt.Sprint("empty", n), 0).want(t, "a file without bytes", http.StatusCreated)
	}
	create(link, "a", 1).want(t, "after one was finished", http.StatusCreated)
	create(link, "b", 1).want(t, "after one was removed", http.StatusCreated)
	create(link, "c", 1).want(t, "one more again", http.StatusServiceUnavailable)
	if list := s.at("ann", http.MethodGet, "/share/", nil); !strings.Contains(list.body, `"uses":72`) {
		t.Errorf("what was refused has counted, or what was not has not: %s", list.body)
	}
}
