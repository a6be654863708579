package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// A download whose file is gone removes what an earlier download has left.
func TestDownloadOfGone(t *testing.T) {
	for name, again := range map[string]func(source *cutSource, local string) error{
		"Download": func(source *cutSource, local string) error {
			_, err := Download(t.Context(), source, "file", local, DownloadOptions{})
			return err
		},
		"Copy": func(source *cutSource, local string) error {
			dir, err := createDir(filepath.Dir(local))
			if err != nil {
				return err
			}
			item := Item{Source: source, SourcePath: "file", Path: filepath.Base(local), File: tranship.File{Size: largeBytes}}
			return errors.Join(Copy(t.Context(), dir, oneItem(item), Options{}), dir.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := &cutSource{Store: new(mem.Store), left: largeBytes - 1}
			data := random(largeBytes)
			w, err := NewWriter(t.Context(), source, tranship.Spec{Path: "file"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Write(data)
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			local := filepath.Join(t.TempDir(), "local")
			if _, err := Download(t.Context(), source, "file", local, DownloadOptions{Options: Options{Attempts: 1}}); !errors.Is(err, ErrResumable) {
				t.Fatalf("the first download ended with %v", err)
			}
			source.left = -1
			if err := source.Remove(t.Context(), "file", tranship.Precondition{}); err != nil {
				t.Fatal(err)
			}
			if err := again(source, local); !errors.Is(err, tranship.ErrNotFound) || errors.Is(err, ErrResumable) {
				t.Errorf("error %v", err)
			}
			if entries, err := os.ReadDir(filepath.Dir(local)); err != nil || len(entries) > 0 {
				t.Errorf("left: %v, %v", entries, err)
			}
		})
	}
}
