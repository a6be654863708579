package transfer

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"testing"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestDownloadIsQuiet downloads a large file that was described, and one that was not. The server logs no
// warning: each of its downloads ends as it should.
func TestDownloadIsQuiet(t *testing.T) {
	for name, isDescribed := range map[string]bool{"described": true, "not described": false} {
		t.Run(name, func(t *testing.T) {
			store, lines := &mem.Store{}, &bytes.Buffer{}
			want := random(remoteBytes)
			putLarge(t, store, "a", want)
			s := storeserver.New(t, store, server.Config{
				Logger: slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelWarn})),
			})
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			served := make(chan error, 1)
			go func() { served <- s.Serve(ctx, listener) }()
			files, err := client.Dial(t.Context(), listener.Addr().String(), client.Options{})
			if err != nil {
				t.Fatal(err)
			}
			file, err := files.Stat(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			destination := &mem.Store{}
			item := Item{Source: files, SourcePath: "a", Path: "copy", File: file, Described: isDescribed}
			if err := Copy(t.Context(), destination, oneItem(item), Options{}); err != nil {
				t.Fatal(err)
			}
			mustHave(t, destination, "copy", want)
			if err := files.Close(); err != nil {
				t.Error(err)
			}
			stop()
			if err := <-served; err != nil {
				t.Error(err)
			}
			if lines.Len() > 0 {
				t.Errorf("the server warns:\n%s", lines)
			}
		})
	}
}
