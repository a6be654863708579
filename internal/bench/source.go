package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// filesPerDirectory is how many small files a directory has.
const filesPerDirectory = 100

// source has the files that are copied. Their content does not compress.
type source struct {
	large, client string // Files.
	tree          string // A directory.
	files         []string
	names         string // A file with the names of the files in tree, a line each.
}

// makeSource writes the source. Its content is the same every time.
func makeSource(dir string, o options) (source, error) {
	s := source{
		large:  filepath.Join(dir, "large.bin"),
		client: filepath.Join(dir, "client.bin"),
		tree:   filepath.Join(dir, "tree"),
		names:  filepath.Join(dir, "names"),
	}
	random := rand.NewChaCha8([32]byte{})
	err := errors.Join(makeFile(s.large, o.size, random), makeFile(s.client, o.clientSize, random))
	for n := 0; n < o.files && err == nil; n++ {
		name := fmt.Sprintf("d%03d/f%05d.dat", n/filesPerDirectory, n)
		s.files = append(s.files, name)
		err = makeFile(filepath.Join(s.tree, name), o.fileSize, random)
	}
	if err != nil {
		return source{}, err
	}
	return s, os.WriteFile(s.names, []byte(strings.Join(s.files, "\n")+"\n"), 0o600)
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

// errDiffers is the error for a copy that differs from its source.
var errDiffers = errors.New("a copy differs from its source")

// verify compares the copy of a file or of a directory with the source, byte by
// byte; names are the files of a directory.
func verify(want, got string, names []string) error {
	if names == nil {
		return compareFiles(want, got)
	}
	for _, name := range names {
		if err := compareFiles(filepath.Join(want, name), filepath.Join(got, name)); err != nil {
			return err
		}
	}
	return nil
}

func compareFiles(want, got string) error {
	a, releaseA, err := fileContent(want)
	if err != nil {
		return err
	}
	defer releaseA()
	b, releaseB, err := fileContent(got)
	if err != nil {
		return fmt.Errorf("%w: %w", errDiffers, err)
	}
	defer releaseB()
	if len(a) != len(b) {
		return fmt.Errorf("%w: %s has %d bytes instead of %d", errDiffers, got, len(b), len(a))
	}
	// All processors compare ranges of a large file.
	ranges := 1
	if len(a) >= 1<<20 {
		ranges = runtime.NumCPU()
	}
	equal := make(chan bool, ranges)
	for i := range ranges {
		begin, end := len(a)*i/ranges, len(a)*(i+1)/ranges
		go func() { equal <- bytes.Equal(a[begin:end], b[begin:end]) }()
	}
	for range ranges {
		if !<-equal {
			err = fmt.Errorf("%w: %s", errDiffers, got)
		}
	}
	return err
}
