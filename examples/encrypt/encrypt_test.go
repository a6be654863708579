package encrypt_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/examples/encrypt"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

var key = bytes.Repeat([]byte("k"), encrypt.KeyBytes)

func encrypted(t testing.TB, inner tranship.Store) tranship.Store {
	t.Helper()
	store, err := encrypt.New(inner, key)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// TestStore runs the suite with the features that an encrypted store declares to lack.
func TestStore(t *testing.T) {
	storetest.Test(t, func(t *testing.T) tranship.Store {
		return encrypted(t, &mem.Store{PartSize: 64 << 10})
	}, storetest.NoResume, storetest.NoCopyPart)
}

// TestDisk opens a disk store again with the same key. It does not use the tier TestDurable,
// which resumes uploads.
func TestDisk(t *testing.T) {
	directory := t.TempDir()
	content := bytes.Repeat([]byte("outlives the store"), 10_000)
	for round := range 2 {
		inner, err := disk.Open(directory, disk.Options{})
		if err != nil {
			t.Fatal(err)
		}
		store := encrypted(t, inner)
		if round == 0 {
			put(t, store, content)
		}
		if got, err := read(t.Context(), store, tranship.OpenOptions{Offset: 1000}); err != nil || !bytes.Equal(got, content[1000:]) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		if err := inner.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func put(t *testing.T, store tranship.Store, content []byte) {
	t.Helper()
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, content); err != nil {
		t.Fatal(err)
	}
}

func read(ctx context.Context, store tranship.Store, options tranship.OpenOptions) ([]byte, error) {
	content, err := store.Open(ctx, "file", options)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return io.ReadAll(content)
}

// TestEncrypted checks the bytes in the inner store, and that every change of them is
// detected.
func TestEncrypted(t *testing.T) {
	inner := &mem.Store{PartSize: 64 << 10}
	store := encrypted(t, inner)
	secret := bytes.Repeat([]byte("secret"), 20_000)
	put(t, store, secret)
	sealed, err := read(t.Context(), inner, tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("secret")) || len(sealed) < len(secret) {
		t.Fatal("the inner store has plain bytes")
	}
	put(t, store, secret)
	if again, err := read(t.Context(), inner, tranship.OpenOptions{}); err != nil || bytes.Equal(again[:1000], sealed[:1000]) {
		t.Error("the same plain bytes have the same encrypted bytes")
	}

	const record = 16 << 10
	for name, changed := range map[string][]byte{
		"a bit":            flip(sealed, 5*record),
		"a bit at the end": flip(sealed, len(sealed)-1),
		"the first byte":   flip(sealed, 0),
		"cut off":          sealed[:3*record],
		"two records":      append(append(append([]byte{}, sealed[record:2*record]...), sealed[:record]...), sealed[2*record:]...),
		"a record twice":   append(append([]byte{}, sealed[:2*record]...), sealed[record:]...),
		"plain":            secret,
		"short":            sealed[:7],
	} {
		put(t, inner, changed)
		if got, err := read(t.Context(), store, tranship.OpenOptions{}); !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%s changed: read %d bytes, %v", name, len(got), err)
		}
	}
	put(t, inner, nil)
	if got, err := read(t.Context(), store, tranship.OpenOptions{}); err != nil || len(got) > 0 {
		t.Errorf("an empty file has %d bytes, %v", len(got), err)
	}
}

func flip(data []byte, at int) []byte {
	changed := bytes.Clone(data)
	changed[at] ^= 1
	return changed
}

// TestOtherKey reads with another key than the file was written with.
func TestOtherKey(t *testing.T) {
	inner := &mem.Store{}
	put(t, encrypted(t, inner), []byte("secret"))
	other, err := encrypt.New(inner, make([]byte, encrypt.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(t.Context(), other, tranship.OpenOptions{}); !errors.Is(err, tranship.ErrIntegrity) {
		t.Errorf("another key reads: %v", err)
	}
	if _, err := encrypt.New(inner, []byte("short")); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("a short key: %v", err)
	}
}

// TestAbilities checks that no ability returns or counts encrypted bytes.
func TestAbilities(t *testing.T) {
	store := encrypted(t, &mem.Store{})
	if _, ok := tranship.As[tranship.UploadFinder](store); ok {
		t.Error("uploads of the inner store can be found")
	}
	if _, ok := tranship.As[tranship.AccountKeeper](store); ok {
		t.Error("the accounts of the inner store can be used, although their sizes are of encrypted bytes")
	}
}

// TestParts uses an inner store whose parts do not have a whole number of records.
func TestParts(t *testing.T) {
	store := encrypted(t, &mem.Store{PartSize: 1000})
	if _, err := store.Begin(t.Context(), tranship.Spec{Path: "file"}); !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("parts of 1000 bytes: %v", err)
	}
}

// FuzzContent reads arbitrary bytes of the inner store. Reading must not return any byte
// that was not encrypted with the key.
func FuzzContent(f *testing.F) {
	inner := &mem.Store{}
	if _, err := encrypted(f, inner).Put(context.Background(), tranship.Spec{Path: "file"}, []byte("content")); err != nil {
		f.Fatal(err)
	}
	sealed, err := read(context.Background(), inner, tranship.OpenOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed, int64(3), int64(2))
	f.Add(sealed[1:], int64(0), int64(10))
	f.Add([]byte{}, int64(0), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, offset, length int64) {
		if len(data) > tranship.MaxPutBytes {
			return
		}
		inner := &mem.Store{}
		put(t, inner, data)
		got, err := read(t.Context(), encrypted(t, inner), tranship.OpenOptions{Offset: offset, Length: &length})
		if err == nil && !bytes.Contains([]byte("content"), got) {
			t.Errorf("read %q, which was never encrypted", got)
		}
		if err != nil && !errors.Is(err, tranship.ErrIntegrity) && !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("read: %v", err)
		}
	})
}
