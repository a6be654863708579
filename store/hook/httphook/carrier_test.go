package httphook_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/hook/httphook"
)

func secret() ([]byte, error) { return []byte("secret\n"), nil }

// serve serves a hook until the test ends, and returns a carrier to it. Each request must be signed.
func serve(t *testing.T, handle func(w http.ResponseWriter, r *http.Request, body []byte)) *httphook.Carrier {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = httphook.Verify(r.Header, body, []byte("secret"), time.Now())
		}
		if err != nil {
			t.Error(err)
		}
		if httphook.Verify(r.Header, append(body, ' '), []byte("secret"), time.Now()) == nil || httphook.Verify(r.Header, body, []byte("other"), time.Now()) == nil {
			t.Error("a wrong signature is accepted")
		}
		handle(w, r, body)
	}))
	t.Cleanup(server.Close)
	carrier, err := httphook.New(server.URL+"/hook", httphook.Options{Secret: secret, Source: "https://files.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = carrier.Close() })
	return carrier
}

var question = hook.Question{
	ID: "q1", Time: time.Unix(1, 0).UTC(), Operation: hook.OperationCopy, Path: "a/b", Source: "c", Size: 3, CRC32C: new(uint32(7)), Principal: "ann", Link: "l1",
}

func TestAsk(t *testing.T) {
	answers := map[string]hook.Answer{
		`{"agree":true}`:                                  {},
		`{"agree":false,"reason":"no"}`:                   {Refuse: true, Reason: "no", Kind: tranship.ErrDenied},
		`{"agree":false,"kind":"invalid","other":[1]}`:    {Refuse: true, Kind: tranship.ErrInvalid},
		`{"agree":false,"kind":"unavailable"}`:            {Refuse: true, Kind: tranship.ErrUnavailable},
		`{"agree":false,"kind":"quota","reason":"large"}`: {Refuse: true, Kind: tranship.ErrQuota, Reason: "large"},
		`{"agree":false,"kind":"odd"}`:                    {Refuse: true, Kind: tranship.ErrDenied},
	}
	for text, want := range answers {
		carrier := serve(t, func(w http.ResponseWriter, r *http.Request, body []byte) {
			const asked = `{"specversion":"1.0","id":"q1","source":"https://files.example.com","type":"tranship.before-commit.v1","subject":"a/b",` +
				`"time":"1970-01-01T00:00:01Z","datacontenttype":"application/json",` +
				`"data":{"operation":"copy","path":"a/b","source_path":"c","size":3,"crc32c":7,"principal":"ann","link":"l1"}}`
			if string(body) != asked || r.Header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" || r.URL.Path != "/hook" {
				t.Errorf("%s, %v: %s", r.URL, r.Header, body)
			}
			_, _ = io.WriteString(w, text)
		})
		got, err := carrier.Ask(t.Context(), question)
		if want.Kind == nil {
			got.Kind = nil
		}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

// TestGarbage checks that an answer that is none is an error, and that nothing of it is kept.
func TestGarbage(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	for name, handle := range map[string]func(w http.ResponseWriter){
		"empty":    func(http.ResponseWriter) {},
		"page":     func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") },
		"null":     func(w http.ResponseWriter) { _, _ = io.WriteString(w, "null") },
		"list":     func(w http.ResponseWriter) { _, _ = io.WriteString(w, "[]") },
		"no agree": func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"reason":"x"}`) },
		"text":     func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"agree":"yes"}`) },
		"huge": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"agree":true,"reason":"`+strings.Repeat("x", 1<<20)+`"}`)
		},
		"error":    func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"accepted": func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) },
		"redirect": func(w http.ResponseWriter) {
			w.Header().Set("Location", other.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"cut": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		carrier := serve(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) { handle(w) })
		if answer, err := carrier.Ask(t.Context(), question); err == nil {
			t.Errorf("%s: %+v", name, answer)
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// TestTrickle checks that a slow answer ends with the timeout.
func TestTrickle(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	carrier := serve(t, func(w http.ResponseWriter, r *http.Request, _ []byte) {
		_, _ = io.WriteString(w, `{"agree":`)
		_ = http.NewResponseController(w).Flush()
		cancel() // as the timeout does
		<-r.Context().Done()
	})
	if _, err := carrier.Ask(ctx, question); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDeliver(t *testing.T) {
	events := []hook.Event{
		{ID: "1", Kind: hook.AfterCommit, Path: "a", Size: 1, Version: "v"},
		{ID: "2", Kind: hook.AfterMove, Path: "b", Source: "a", ModTime: time.Unix(2, 0).UTC()},
		{ID: "3", Kind: hook.AfterDelete, Path: "b"},
	}
	status := http.StatusNoContent
	carrier := serve(t, func(w http.ResponseWriter, r *http.Request, body []byte) {
		var got []map[string]any
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/cloudevents+json") {
			body = append(append([]byte("["), body...), ']')
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		for i, event := range got {
			if event["id"] != events[i].ID || event["type"] != "tranship."+events[i].Kind.String()+".v1" || event["subject"] != events[i].Path {
				t.Errorf("%d: %v", i, event)
			}
		}
		w.WriteHeader(status)
	})
	for _, n := range []int{1, 3} {
		if err := carrier.Deliver(t.Context(), events[:n]); err != nil {
			t.Errorf("%d events: %v", n, err)
		}
	}
	for code, rejected := range map[int]bool{400: true, 422: true, 401: false, 404: false, 429: false, 500: false, 302: false} {
		status = code
		if err := carrier.Deliver(t.Context(), events); err == nil || errors.Is(err, hook.ErrRejected) != rejected {
			t.Errorf("status %d: %v", code, err)
		}
	}
}

// TestRequestID checks that a request that is repeated has the same id, and one with more events
// another, and that what a hook says when it accepts events does not matter.
func TestRequestID(t *testing.T) {
	var ids []string
	carrier := serve(t, func(w http.ResponseWriter, r *http.Request, _ []byte) {
		ids = append(ids, r.Header.Get("Webhook-Id"))
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		panic(http.ErrAbortHandler)
	})
	a, b, c := hook.Event{ID: "a", Kind: hook.AfterDelete}, hook.Event{ID: "b", Kind: hook.AfterDelete}, hook.Event{ID: "c", Kind: hook.AfterDelete}
	for _, events := range [][]hook.Event{{a}, {a, b}, {a, b}, {a, b, c}} {
		if err := carrier.Deliver(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	if ids[0] != "a" || ids[1] == ids[0] || ids[2] != ids[1] || ids[3] == ids[2] {
		t.Errorf("%q", ids)
	}
}

// TestAuthorities checks that the certificate of a hook is verified.
func TestAuthorities(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"agree":true}`) }))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	for _, test := range []struct {
		tls  *tls.Config
		want bool
	}{{nil, false}, {&tls.Config{RootCAs: trusted}, true}} {
		carrier, err := httphook.New(server.URL, httphook.Options{TLS: test.tls})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := carrier.Ask(t.Context(), question); (err == nil) != test.want {
			t.Errorf("ask: %v", err)
		}
		_ = carrier.Close()
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"https://hooks.example.com/x": true, "http://127.0.0.1:1/x": true, "http://localhost/": true, "http://[::1]:1/": true,
		"http://hooks.example.com/": false, "ftp://127.0.0.1/": false, "hooks.example.com": false, "https://user:word@example.com/": false, "": false, "https://": false,
	} {
		if _, err := httphook.New(address, httphook.Options{}); (err == nil) != want || err != nil && !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := httphook.New("http://hooks.example.com/", httphook.Options{Insecure: true}); err != nil {
		t.Error(err)
	}
}

// TestVerify compares a signature with the example of Standard Webhooks.
func TestVerify(t *testing.T) {
	header := http.Header{}
	header.Set("Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	header.Set("Webhook-Timestamp", "1614265330")
	header.Set("Webhook-Signature", "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	body, key := []byte(`{"test": 2432232314}`), []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	now := time.Unix(1614265330, 0)
	if err := httphook.Verify(header, body, key, now.Add(4*time.Minute)); err != nil {
		t.Error(err)
	}
	for _, at := range []time.Time{now.Add(6 * time.Minute), now.Add(-6 * time.Minute)} {
		if httphook.Verify(header, body, key, at) == nil {
			t.Errorf("a request that is %v old is accepted", at.Sub(now))
		}
	}
	header.Del("Webhook-Timestamp")
	if httphook.Verify(header, body, key, now) == nil {
		t.Error("a request without a time is accepted")
	}
}
