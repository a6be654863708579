package client_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/disk"
)

// TestSparseResume cuts an upload in the middle of a hole and in the middle of bytes. Another
// client goes on, with zeros where bytes were, after the store was opened again or not.
func TestSparseResume(t *testing.T) {
	const partSize = 1 << 20
	for _, reopened := range []bool{false, true} {
		root := t.TempDir()
		store, err := disk.Open(root, disk.Options{MinPartSize: partSize})
		if err != nil {
			t.Fatal(err)
		}
		spec := tranship.Spec{Path: "file", Size: new(int64(3 * partSize)), ResumeKey: "key"}
		first := connect(t, store, client.Options{})
		upload, err := first.Begin(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if upload.PartSize() != partSize {
			t.Fatalf("parts have %d bytes", upload.PartSize())
		}
		writePart(t, upload, 0, partSize, []byte("data"))
		if err := upload.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 2; n++ { // part 1 is cut in the hole, part 2 in bytes
			writer, err := upload.Part(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if n == 1 {
				err = tranship.WriteZeros(writer, partSize/2)
			} else {
				_, err = writer.Write(bytes.Repeat([]byte{7}, partSize-1))
			}
			if err := errors.Join(err, writer.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if err := upload.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if reopened {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			if store, err = disk.Open(root, disk.Options{MinPartSize: partSize}); err != nil {
				t.Fatal(err)
			}
		}
		defer store.Close()
		upload, err = connect(t, store, client.Options{}).Begin(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if durable := upload.Durable(); len(durable) != 1 || durable[0].Length != partSize {
			t.Fatalf("durable are %v", durable)
		}
		writePart(t, upload, 1, partSize, []byte("more"))
		writePart(t, upload, 2, partSize, nil)
		want := make([]byte, 3*partSize)
		copy(want[partSize-4:], "data")
		copy(want[2*partSize-4:], "more")
		if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 3 * partSize, CRC32C: new(tranship.CRC32C(want))}); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(root, "file")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("opened again %v: %d other bytes, %v", reopened, len(got), err)
		}
	}
}

// writePart writes a part of zeros that ends with data.
func writePart(t *testing.T, upload tranship.Upload, n int, length int64, data []byte) {
	t.Helper()
	writer, err := upload.Part(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	err = tranship.WriteZeros(writer, length-int64(len(data)))
	if len(data) > 0 && err == nil {
		_, err = writer.Write(data)
	}
	if err := errors.Join(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
}
