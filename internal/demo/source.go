package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// Names below the source and below every copy of it.
const (
	largeFile = "large.bin"
	tree      = "tree"
)

// directories are those of the tree. Files are distributed over them in turn.
var directories = []string{
	"", "a", "a/b/c/d/e/f", "with space", "Größe", "写真/夏", "émile", "данные", "🚢", ".hidden",
}

// makeSource writes the source. Its content is the same every time, and does not
// compress.
func makeSource(dir string, options options) error {
	random := rand.NewChaCha8([32]byte{})
	if err := makeFile(filepath.Join(dir, largeFile), options.size, random); err != nil {
		return err
	}
	for n := range options.files {
		name := filepath.Join(dir, tree, directories[n%len(directories)], fmt.Sprintf("Datei %d – файл.%s", n, extension(n)))
		if err := makeFile(name, fileSize(n), random); err != nil {
			return err
		}
	}
	return nil
}

// fileSize returns 0 for every seventh file, and otherwise up to 64 KiB; one file is
// larger than the largest message.
func fileSize(n int) int64 {
	switch {
	case n == 1:
		return 3<<20 + 1
	case n%7 == 0:
		return 0
	}
	return int64(n) * 7919 % (64 << 10)
}

func extension(n int) string {
	return []string{"txt", "tar.gz", "bin"}[n%3]
}

func makeFile(name string, size int64, random io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, random, size)
	return errors.Join(err, file.Close())
}

// compare checks that the file or directory got has the same content as want, byte by
// byte, and no other files. It returns the number and size of the files.
func compare(want, got string) (files int, size int64, err error) {
	wanted, err := fileSizes(want)
	if err != nil {
		return 0, 0, err
	}
	found, err := fileSizes(got)
	if err != nil {
		return 0, 0, err
	}
	for name := range found {
		if _, ok := wanted[name]; !ok {
			return 0, 0, fmt.Errorf("%s should not be there", filepath.Join(got, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if err := compareFile(filepath.Join(want, name), filepath.Join(got, name)); err != nil {
			return 0, 0, err
		}
		files++
		size += wanted[name]
	}
	return files, size, nil
}

// fileSizes returns the size of every file below dir by its name relative to dir; "." if
// dir is a file itself.
func fileSizes(dir string) (map[string]int64, error) {
	sizes := map[string]int64{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err = filepath.Rel(dir, name)
		sizes[name] = info.Size()
		return err
	})
	return sizes, err
}

func compareFile(want, got string) error {
	a, err := os.Open(want)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := os.Open(got)
	if err != nil {
		return err
	}
	defer b.Close()

	wanted, found := bufio.NewReaderSize(a, 1<<20), bufio.NewReaderSize(b, 1<<20)
	for offset := 0; ; {
		x, errX := wanted.Peek(1 << 20)
		y, errY := found.Peek(1 << 20)
		switch {
		case !bytes.Equal(x, y):
			return fmt.Errorf("%s differs from %s within 1 MiB after byte %d", got, want, offset)
		case errX == io.EOF && errY == io.EOF:
			return nil
		case errX != nil || errY != nil:
			return errors.Join(errX, errY)
		}
		n, _ := wanted.Discard(len(x))
		if _, err := found.Discard(n); err != nil {
			return err
		}
		offset += n
	}
}
