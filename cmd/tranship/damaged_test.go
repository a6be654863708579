package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// damagedSizes are the sizes of the files of these tests, by name: one that a batch has, one that
// goes alone in a few messages, and one that is read in ranges over several streams.
func damagedSizes() map[string]int {
	return map[string]int{"small": 3000, "medium": 3 << 20, "large": 24 << 20}
}

// damagedSite is a server with a tree of files, of which those in bad/ do not match their
// checksums and those in good/ do.
type damagedSite struct{ server string }

func (s damagedSite) fill(t *testing.T) {
	t.Helper()
	source := t.TempDir()
	for _, directory := range []string{"bad", "good"} {
		if err := os.Mkdir(filepath.Join(source, directory), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, size := range damagedSizes() {
			if err := os.WriteFile(filepath.Join(source, directory, name), bytes.Repeat([]byte("0123456789abcde\n"), size/16), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	output(t, 0, "cp", "-r", source+"/.", s.server)
}

// check downloads in every way. Each download of a damaged file must fail for its checksum, and
// leave no file.
func (s damagedSite) check(t *testing.T) {
	for name := range damagedSizes() {
		for _, flags := range [][]string{
			{"--transport", "grpc"}, {"--transport", "lanes"}, {"--protocol", "filesrv"}, {"--protocol", "filesrv", "--filesrv-revision", "2"},
		} {
			t.Run(fmt.Sprint(name, flags), func(t *testing.T) {
				target := filepath.Join(t.TempDir(), "target")
				_, text := output(t, 5, append(append([]string{"cp"}, flags...), s.server+"/bad/"+name, target)...)
				if !strings.Contains(text, "integrity check failed") {
					t.Errorf("%s lacks the reason", text)
				}
				none(t, target)
				output(t, 0, append(append([]string{"cp"}, flags...), s.server+"/good/"+name, target)...)
				output(t, 5, append(append([]string{"cp"}, flags...), s.server+"/bad/"+name, "-")...)
			})
		}
	}
	for _, transport := range []string{"grpc", "lanes"} {
		t.Run("tree over "+transport, func(t *testing.T) {
			target := filepath.Join(t.TempDir(), "target")
			output(t, 5, "cp", "--transport", transport, "-r", s.server+"/.", target)
			for name := range damagedSizes() {
				none(t, filepath.Join(target, "bad", name))
				if _, err := os.Stat(filepath.Join(target, "good", name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	t.Run("digest", func(t *testing.T) { output(t, 5, "stat", "--digest", "sha256", s.server+"/bad/medium") })
	t.Run("copy at the server", func(t *testing.T) {
		c := start(t.Context(), nil, "cp", s.server+"/bad/medium", s.server+"/bad/copy")
		if code := <-c.code; code == 0 {
			// The copy has the checksum of its source, so that it is not taken for right either.
			output(t, 5, "cp", s.server+"/bad/copy", "-")
		} else if code != 5 {
			t.Errorf("exit code %d: %s", code, c.err.String())
		}
	})
}

// none checks that there is no file.
func none(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Lstat(name); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", name, err)
	}
}

// TestDamagedOnDisk changes files below the root of a server.
func TestDamagedOnDisk(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	site := damagedSite{"grpc://" + address}
	site.fill(t)
	for name, size := range damagedSizes() {
		filetest.Damage(t, filepath.Join(root, "bad", name), int64(size/2))
	}
	site.check(t)
}

// TestDamagedInBucket changes objects of an engine.
func TestDamagedInBucket(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	engine := fakes3.New(fakes3.Options{MinPartBytes: 5 << 20})
	endpoint := engine.Start(t)
	site := damagedSite{"grpc://" + serveBucket(t, endpoint)}
	site.fill(t)
	for name := range damagedSizes() {
		if engine.Damage("bad/"+name) != 1 {
			t.Fatalf("no object of %s", name)
		}
	}
	site.check(t)
	output(t, 5, "cp", "--s3-endpoint", endpoint, "--s3-path-style", "s3://bucket/a/prefix/bad/large", filepath.Join(t.TempDir(), "target"))
}
