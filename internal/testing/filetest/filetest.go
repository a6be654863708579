// Package filetest has helpers for files and directories in tests of stores.
package filetest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/sequential"
)

// Random returns bytes that are the same for the same size.
func Random(size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size), byte(size >> 8)}).Read(data)
	return data
}

// Write writes a file, and creates the directories above it.
func Write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// WriteRandom writes a file of size bytes that depend on seed and do not compress, in little memory.
func WriteRandom(t testing.TB, name string, size int64, seed byte) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	random := bufio.NewReaderSize(rand.NewChaCha8([32]byte{seed}), 1<<20)
	_, err = io.CopyN(file, random, size)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// Rewrite changes a byte of a file and keeps its size.
func Rewrite(t *testing.T, name string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := f.WriteAt(b, offset); err != nil {
		t.Fatal(err)
	}
}

// Damage changes a byte of a file and keeps its size and modified time, as a medium does that
// loses bits.
func Damage(t *testing.T, name string, offset int64) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	Rewrite(t, name, offset)
	if err := os.Chtimes(name, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// Names returns the sorted names in a directory.
func Names(t *testing.T, directory string) []string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

// Tree returns the names below a directory.
func Tree(t *testing.T, directory string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(directory, func(path string, _ fs.DirEntry, err error) error {
		if path != directory {
			relative, _ := filepath.Rel(directory, path)
			names = append(names, relative)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Put uploads data as a file, with an upload of unknown size.
func Put(t *testing.T, store tranship.Writer, path string, data []byte) {
	t.Helper()
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	writer := sequential.NewWriter(t.Context(), upload)
	if _, err := writer.Write(data); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Commit(); err != nil {
		t.Fatal(err)
	}
}

// Fill uploads files of the given sizes, with the content of Random, into a store.
func Fill(t *testing.T, store tranship.Writer, sizes map[string]int) {
	t.Helper()
	for path, size := range sizes {
		Put(t, store, path, Random(size))
	}
}

// Opener is the part of tranship.Reader that opens files.
type Opener interface {
	Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error)
}

// MustHave fails the test unless the file at path in a source has the content want.
func MustHave(t *testing.T, source Opener, path string, want []byte) tranship.File {
	t.Helper()
	content, err := source.Open(t.Context(), path, tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	got, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: got %d bytes that are not the %d expected ones", path, len(got), len(want))
	}
	return content.File()
}
