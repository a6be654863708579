package network

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
)

// fill writes one part of an upload.
func fill(ctx context.Context, upload tranship.Upload, n int, content []byte) error {
	writer, err := upload.Part(ctx, n)
	if err != nil {
		return err
	}
	start := int64(n) * upload.PartSize()
	end := min(start+upload.PartSize(), int64(len(content)))
	_, err = writer.Write(content[start:end])
	return errors.Join(err, writer.Close())
}

// TestHalfOpen checks that a client behind a half-open connection blocks no other client:
// the next one takes over its upload, and the stale one cannot change anything when it
// returns.
func TestHalfOpen(t *testing.T) { overTransports(t, halfOpen) }

func halfOpen(t *testing.T, transport client.Transport) {
	s := newSite(t, transport)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	content := random(6, 4<<20)
	spec := tranship.Spec{Path: "file", Size: new(int64(len(content))), ResumeKey: "source"}
	begin := func(c *client.Client) tranship.Upload {
		upload, err := c.Begin(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		return upload
	}

	stale := begin(s.mustDial(t, s.proxy.Address()))
	if err := errors.Join(fill(ctx, stale, 0, content), stale.Sync(ctx)); err != nil {
		t.Fatal(err)
	}
	// It has begun a part.
	writer, err := stale.Part(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(content[1<<20 : 1<<20+1000]); err != nil {
		t.Fatal(err)
	}
	s.proxy.Freeze()

	resumed := begin(s.mustDial(t, s.address))
	if resumed.ID() != stale.ID() || resumed.Epoch() <= stale.Epoch() {
		t.Errorf("upload %s of epoch %d, after %s of epoch %d", resumed.ID(), resumed.Epoch(), stale.ID(), stale.Epoch())
	}
	durable := resumed.Durable()
	if len(durable) != 1 || durable[0].Offset != 0 || durable[0].Length != resumed.PartSize() ||
		*durable[0].CRC32C != tranship.CRC32C(content[:resumed.PartSize()]) {
		t.Errorf("durable: %v", durable)
	}
	for n := 1; n < 4; n++ {
		if err := fill(ctx, resumed, n, content); err != nil {
			t.Fatal(err)
		}
	}

	// The stale client returns, with other bytes.
	s.proxy.Thaw()
	other := bytes.Repeat([]byte("x"), 1<<20)
	_, err = writer.Write(other[1000:])
	if err = errors.Join(err, writer.Close(), stale.Sync(ctx)); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("the stale writer: %v", err)
	}
	if err := errors.Join(fill(ctx, stale, 0, append(other, content[1<<20:]...)), stale.Sync(ctx)); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("a new writer of the stale upload: %v", err)
	}
	commit := tranship.Commit{Size: int64(len(content)), CRC32C: new(tranship.CRC32C(content))}
	if _, err := stale.Commit(ctx, commit); !errors.Is(err, tranship.ErrAborted) {
		t.Errorf("the stale commit: %v", err)
	}
	if err := stale.Abort(ctx); err != nil {
		t.Errorf("the stale abort: %v", err)
	}

	if _, err := resumed.Commit(ctx, commit); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(s.root, "file")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file has %d bytes that differ from those that were sent: %v", len(got), err)
	}
}
