package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// limitedFile is a file that takes left bytes before it fails, as on a full disk.
type limitedFile struct {
	*os.File
	left, writes int
}

func (f *limitedFile) Write(p []byte) (int, error) {
	f.writes++
	n := min(len(p), f.left)
	f.left -= n
	if _, err := f.File.Write(p[:n]); err != nil || n == len(p) {
		return n, err
	}
	return n, errors.New("full")
}

// putItems puts n files in one batch.
func putItems(t *testing.T, store tranship.Store, n int) {
	t.Helper()
	items := make([]tranship.PutItem, n)
	for i := range items {
		items[i].Spec.Path = fmt.Sprint("file", i)
	}
	for _, result := range tranship.PutBatch(t.Context(), store, items) {
		if result.Err != nil {
			t.Fatal(result.Err)
		}
	}
}

// TestLinesTogether checks that the lines of a batch are written with one call, and that a call
// that writes only a part of them loses and repeats none.
func TestLinesTogether(t *testing.T) {
	const items = 5
	var length int
	for left := -1; left <= length; left += 11 {
		name := filepath.Join(t.TempDir(), "audit.log")
		log, err := Open(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		file := &limitedFile{File: log.output.file, left: left}
		if left < 0 {
			file.left = 1 << 20
		}
		log.output.writer = file
		putItems(t, New(&mem.Store{}, log), items)
		if left < 0 {
			written, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if length = len(written); file.writes != 1 {
				t.Errorf("%d calls wrote the lines, want 1", file.writes)
			}
		}
		file.left = 1 << 20
		if err := log.output.ready(); err != nil || log.output.bytes != 0 {
			t.Errorf("after %d bytes: %v; %d bytes are counted", left, err, log.output.bytes)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		written, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range items {
			path := fmt.Sprintf(`"path":"file%d",`, i)
			whole := 0
			for line := range strings.Lines(string(written)) {
				if strings.HasPrefix(line, "{") && strings.HasSuffix(line, "}\n") && strings.Contains(line, path) {
					whole++
				}
			}
			if whole != 1 {
				t.Errorf("after %d bytes: %s has %d lines", left, path, whole)
			}
		}
	}
}

// TestLinesTogetherAreBounded writes more lines than one call may.
func TestLinesTogetherAreBounded(t *testing.T) {
	log, err := Open(filepath.Join(t.TempDir(), "audit.log"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	file := &limitedFile{File: log.output.file, left: 1 << 20}
	log.output.writer = file
	line := []byte(strings.Repeat("x", maxTogether/2) + "\n")
	log.output.add(line, line, line)
	if info, err := file.Stat(); err != nil || info.Size() != int64(3*len(line)) || file.writes != 3 {
		t.Errorf("%d calls wrote %v, %v; want 3 of a line each", file.writes, info, err)
	}
}
