package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
)

// logLines is a log in JSON. It is safe for concurrent use.
type logLines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *logLines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// records returns the records with a message.
func (l *logLines) records(t *testing.T, message string) (found []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		record := map[string]any{}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record["msg"] == message {
			found = append(found, record)
		}
	}
	return found
}

// TestCallerLog checks that the line of a transfer, of a failure and of a refused call names the
// principal, the peer and the transport, and that the observer is told the transport.
func TestCallerLog(t *testing.T) {
	for transport, chosen := range map[string]client.Transport{
		tranship.TransportGRPC: client.TransportGRPC, tranship.TransportLanes: client.TransportLanes,
	} {
		t.Run(transport, func(t *testing.T) {
			var lines logLines
			var told observer
			listener := listen(t)
			s := storeserver.New(t, &mem.Store{}, server.Config{
				Authenticators: []authn.Authenticator{names{"ann"}}, Observer: &told,
				Logger: slog.New(slog.NewJSONHandler(&lines, nil)).With("server", "one"),
			})
			served := make(chan error, 1)
			go func() { served <- s.Serve(t.Context(), listener) }()
			address := listener.Addr().String()
			files, err := client.Dial(t.Context(), address, client.Options{Transport: chosen, Token: tokenOf("ann").Token})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := files.Put(t.Context(), tranship.Spec{Path: "file.txt"}, []byte("content")); err != nil {
				t.Fatal(err)
			}
			if _, err := files.Put(t.Context(), tranship.Spec{Path: "file.txt/below"}, nil); err == nil {
				t.Fatal("a file was stored below a file")
			}
			if _, err := client.Dial(t.Context(), address, tokenOf("bob")); err == nil {
				t.Fatal("bob was let in")
			}
			if err := files.Close(); err != nil {
				t.Fatal(err)
			}
			s.Stop()
			<-served
			for message, want := range map[string]map[string]any{
				"transfer finished": {"principal": "ann", "transport": transport, "path": "file.txt", "bytes": 7.0, "server": "one"},
				"transfer failed":   {"principal": "ann", "transport": transport, "path": "file.txt/below", "level": "WARN"},
				"call refused":      {"principal": "", "transport": "grpc"},
			} {
				records := lines.records(t, message)
				if len(records) != 1 {
					t.Errorf("%d records are %q:\n%s", len(records), message, lines.text.String())
					continue
				}
				for key, value := range want {
					if records[0][key] != value {
						t.Errorf("%q has %s = %v, want %v", message, key, records[0][key], value)
					}
				}
				if peer, _ := records[0]["peer"].(string); !strings.HasPrefix(peer, "127.0.0.1:") {
					t.Errorf("%q has the peer %v", message, records[0]["peer"])
				}
			}
			if got := strings.Count(lines.text.String(), `"peer"`); got != 3 {
				t.Errorf("%d attributes are named peer, want one in each record:\n%s", got, lines.text.String())
			}
			if !told.has(`Upload: upload file.txt by "ann", 7 bytes from 0`) {
				t.Error(strings.Join(told.told, "\n"))
			}
			if got := told.transports; !slices.Equal(got, []string{transport, transport}) {
				t.Errorf("the transfers have the transports %q, want %s twice", got, transport)
			}
		})
	}
}

// TestRefusedConnection checks that the observer is told of a connection that a limit refuses.
func TestRefusedConnection(t *testing.T) {
	var told observer
	listener := listen(t)
	s := storeserver.New(t, &mem.Store{}, server.Config{Observer: &told, Limits: limit.Options{Connections: 1}})
	served := make(chan error, 1)
	go func() { served <- s.Serve(t.Context(), listener) }()
	first, err := client.Dial(t.Context(), listener.Addr().String(), client.Options{Transport: client.TransportGRPC})
	if err != nil {
		t.Fatal(err)
	}
	second, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := second.Read(make([]byte, 1)); err == nil {
		t.Errorf("the server sent %d bytes on the second connection", n)
	}
	if err := errors.Join(second.Close(), first.Close()); err != nil {
		t.Error(err)
	}
	s.Stop()
	<-served
	if !told.has(`: connection refused  by "", failed: connections`) {
		t.Error(strings.Join(told.told, "\n"))
	}
}
