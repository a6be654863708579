package network

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// leftovers returns unfinished uploads on the server, data in its state directory, and
// partial files of the client.
func leftovers(t *testing.T, s *site, local string) (left []string) {
	t.Helper()
	for upload, err := range s.mustDial(t, s.address).ListUploads(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, "upload of "+upload.Path)
	}
	for _, dir := range []string{filepath.Join(s.root, ".tranship"), local} {
		err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			// Records of commits are small.
			if dir != local && info.Size() > 64<<10 || dir == local && strings.HasPrefix(entry.Name(), ".tranship") {
				left = append(left, name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return left
}
