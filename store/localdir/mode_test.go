//go:build unix

package localdir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
)

// A file has the mode that it is to have, or that new files have, but not before it is
// there: until then it is private.
func TestDirModeAtCommit(t *testing.T) {
	name := t.TempDir()
	dir := openDir(t, name)
	plain, err := os.OpenFile(filepath.Join(name, "plain"), os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	info, err := plain.Stat()
	if err = errors.Join(err, plain.Close(), os.Remove(plain.Name())); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"", "key"} {
		for _, mode := range []*fs.FileMode{nil, new(fs.FileMode(0o666)), new(fs.FileMode(0o440))} {
			want := info.Mode()
			if mode != nil {
				want = *mode
			}
			spec := tranship.Spec{Path: "f", Size: new(int64(3)), ResumeKey: key, Attributes: tranship.Attributes{Mode: mode}}
			upload, err := dir.Begin(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			for _, hidden := range filetest.Names(t, name) {
				if info, err := os.Lstat(filepath.Join(name, hidden)); strings.HasPrefix(hidden, localdir.TemporaryPrefix) && (err != nil || info.Mode() != 0o600) {
					t.Errorf("%s: %v, %v", hidden, info.Mode(), err)
				}
			}
			part, err := upload.Part(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write([]byte("new")); err != nil {
				t.Fatal(err)
			}
			if err := part.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 3}); err != nil {
				t.Fatal(err)
			}
			if got, err := os.Lstat(filepath.Join(name, "f")); err != nil || got.Mode() != want {
				t.Errorf("%q: mode %v, want %v, %v", key, got.Mode(), want, err)
			}
		}
	}
}
