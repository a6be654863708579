package transfer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

func TestUploadDownloadRefuse(t *testing.T) {
	store, local := &mem.Store{}, localTree(t, map[string]int{"a": 1})
	putLarge(t, store, "d/f", random(3))
	file, none := filepath.Join(local, "a"), filepath.Join(local, "none")
	up := func(local, remote string, options UploadOptions) error {
		_, err := Upload(t.Context(), store, local, remote, options)
		return err
	}
	down := func(remote, local string, options DownloadOptions) error {
		_, err := Download(t.Context(), store, remote, local, options)
		return err
	}
	existing := Options{Existing: store.Stat}
	_, noStore := Upload(t.Context(), nil, local, "a", UploadOptions{})
	_, noReader := Download(t.Context(), nil, "a", none, DownloadOptions{})
	_, nilReader := UploadFrom(t.Context(), store, nil, tranship.Spec{Path: "a"})
	_, nilWriter := DownloadTo(t.Context(), store, "d/f", nil, ReaderOptions{})
	for name, test := range map[string]struct{ err, want error }{
		"local missing":           {up(none, "a", UploadOptions{}), tranship.ErrNotFound},
		"file to the root":        {up(file, "", UploadOptions{}), tranship.ErrInvalid},
		"file to a/":              {up(file, "a/", UploadOptions{}), tranship.ErrInvalid},
		"directory to a/":         {up(local, "a/", UploadOptions{}), tranship.ErrInvalid},
		"directory to a file":     {up(local, "d/f", UploadOptions{}), tranship.ErrExists},
		"two say what to skip":    {up(local, "x", UploadOptions{Options: existing, Update: true}), tranship.ErrInvalid},
		"no store":                {noStore, tranship.ErrInvalid},
		"remote missing":          {down("none", none, DownloadOptions{}), tranship.ErrNotFound},
		"remote invalid":          {down("d/", none, DownloadOptions{}), tranship.ErrInvalid},
		"file to a directory":     {down("d/f", local, DownloadOptions{}), tranship.ErrExists},
		"file to new/":            {down("d/f", none+"/", DownloadOptions{}), tranship.ErrInvalid},
		"file to ..":              {down("d/f", filepath.Join(none, "x")+"/..", DownloadOptions{}), tranship.ErrInvalid},
		"no local name":           {down("d", "", DownloadOptions{}), tranship.ErrInvalid},
		"two say what to skip it": {down("d", none, DownloadOptions{Options: existing, Update: true}), tranship.ErrInvalid},
		"no reader":               {noReader, tranship.ErrInvalid},
		"nil reader":              {nilReader, tranship.ErrInvalid},
		"nil writer":              {nilWriter, tranship.ErrInvalid},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	if _, err := os.Lstat(none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a download that failed left %s: %v", none, err)
	}
	if all := paths(t, store); !slices.Equal(all, []string{"d/f"}) {
		t.Errorf("the store has %q", all)
	}
}

// An empty directory is uploaded, and an empty store downloaded, without an error.
func TestUploadDownloadNothing(t *testing.T) {
	store := &mem.Store{}
	if summary, err := Upload(t.Context(), store, t.TempDir(), "to", UploadOptions{}); err != nil || summary != (Summary{EmptyDirectories: 1}) {
		t.Errorf("up: %+v, %v", summary, err)
	}
	if summary, err := Download(t.Context(), store, "", filepath.Join(t.TempDir(), "new"), DownloadOptions{}); err != nil || summary != (Summary{}) {
		t.Errorf("down: %+v, %v", summary, err)
	}
}
