package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// draft makes a request of a draft of the IETF, and returns the URL in the interim response as well.
func (w *web) draft(interop, method, url string, body io.Reader, headers ...string) (got response, interim string) {
	w.t.Helper()
	ctx := httptrace.WithClientTrace(testContext(w.t), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			if code == 104 && header.Get("Upload-Draft-Interop-Version") == interop {
				interim = header.Get("Location")
			}
			return nil
		},
	})
	request, err := http.NewRequestWithContext(ctx, method, "http://"+w.address+url, body)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Upload-Draft-Interop-Version", interop)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := w.client.Do(request)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, url, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if answer.Header.Get("Upload-Draft-Interop-Version") != interop || answer.Header.Get("Tus-Resumable") != "" {
		w.t.Errorf("%v", answer.Header)
	}
	return response{answer.StatusCode, answer.Header, string(text), err}, interim
}

// TestUploadDrafts uploads a file whole, in pieces, and after a cut, as each draft has it.
func TestUploadDrafts(t *testing.T) {
	for _, interop := range []string{"3", "4", "5", "6", "7", "8"} {
		t.Run(interop, func(t *testing.T) {
			store := &mem.Store{PartSize: 1000}
			w := serveHTTP(t, store, server.Config{})
			content := string(filetest.Random(3333))
			complete := func(yes bool) (name, value string) {
				if interop == "3" {
					yes, name = !yes, "Upload-Incomplete"
				} else {
					name = "Upload-Complete"
				}
				return name, map[bool]string{true: "?1", false: "?0"}[yes]
			}
			last, isLast := complete(true)
			_, isNot := complete(false)
			named := func(path string) string { return `attachment; filename="` + path + `"` }
			got := func(path string) {
				t.Helper()
				if r := w.do(http.MethodGet, path, nil).want(t, "GET", http.StatusOK); r.body != content {
					t.Errorf("%d bytes came back, or others", len(r.body))
				}
			}
			// Whole, in one request.
			r, url := w.draft(interop, http.MethodPost, "/uploads/", strings.NewReader(content), last, isLast, "Content-Disposition", named("whole"))
			r.want(t, "POST", http.StatusCreated)
			if url == "" || url != r.header.Get("Location") || r.header.Get(last) != isLast || tusOffset(t, r) != 3333 {
				t.Errorf("%s, %v", url, r.header)
			}
			got("whole")
			// In pieces.
			r, url = w.draft(interop, http.MethodPost, "/uploads/", strings.NewReader(content[:10]), last, isNot,
				"Upload-Length", "3333", "Content-Disposition", named("pieces"))
			if r.want(t, "POST", http.StatusCreated); r.header.Get(last) != isNot || tusOffset(t, r) != 10 {
				t.Errorf("%v", r.header)
			}
			patch := func(offset int, piece string, status int, complete string) response {
				t.Helper()
				r, _ := w.draft(interop, http.MethodPatch, url, strings.NewReader(piece), last, complete,
					"Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/partial-upload")
				return r.want(t, "PATCH", status)
			}
			patch(10, content[10:1234], http.StatusNoContent, isNot)
			if r := patch(10, content[10:20], http.StatusConflict, isNot); tusOffset(t, r) != 1234 {
				t.Errorf("%v", r.header)
			}
			patch(1234, content[1234:1300], http.StatusBadRequest, isLast)
			if r := patch(1234, content[1234:], http.StatusNoContent, isLast); r.header.Get(last) != isLast {
				t.Errorf("%v", r.header)
			}
			got("pieces")
			// After a cut.
			conn, err := net.Dial("tcp", w.address)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = fmt.Fprintf(conn, "POST /uploads/ HTTP/1.1\r\nHost: x\r\nUpload-Draft-Interop-Version: %s\r\n%s: %s\r\n"+
				"Content-Disposition: %s\r\nContent-Length: 3333\r\n\r\n%s", interop, last, isLast, named("cut"), content[:1500])
			hint, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || hint.StatusCode != 104 {
				t.Fatalf("%+v, %v", hint, err)
			}
			limit := map[string]string{"6": "expires=604800", "7": "max-age=604800", "8": "max-age=604800"}[interop]
			if got := hint.Header.Get("Upload-Limit"); got != limit {
				t.Errorf("104 has the limits %q, want %q", got, limit)
			}
			url = hint.Header.Get("Location")
			w.awaitMoved(t, 1500)
			_ = conn.Close()
			r, _ = w.draft(interop, http.MethodHead, url, nil)
			if r.want(t, "HEAD", http.StatusNoContent); tusOffset(t, r) != 1500 || r.header.Get(last) != isNot || r.header.Get("Upload-Limit") != limit {
				t.Errorf("%v", r.header)
			}
			patch(1500, content[1500:], http.StatusNoContent, isLast)
			got("cut")
			// Refusals.
			r, _ = w.draft(interop, http.MethodPost, "/uploads/", strings.NewReader("x"), last, isNot, "Content-Disposition", named("a"))
			r.want(t, "POST without a length", http.StatusBadRequest)
			r, _ = w.draft(interop, http.MethodPost, "/uploads/", strings.NewReader("x"), last, isLast)
			r.want(t, "POST without a name", http.StatusBadRequest)
			noUploads(t, store, false)
		})
	}
}

// TestUploadDraftUnknown checks that a client that speaks another draft is told which ones the server speaks.
func TestUploadDraftUnknown(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	for _, interop := range []string{"2", "9", "08", "x"} {
		request, err := http.NewRequestWithContext(testContext(t), http.MethodPost, "http://"+w.address+"/uploads/", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		got := w.send(request, "Upload-Draft-Interop-Version", interop, "Upload-Complete", "?1", "Content-Disposition", `attachment; filename="f"`)
		if got.want(t, interop, http.StatusBadRequest); !strings.Contains(got.body, "Upload-Draft-Interop-Version") || !strings.Contains(got.body, "from 3 to 8") {
			t.Errorf("%s: %s", interop, got.body)
		}
	}
}
