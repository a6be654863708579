package interop

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNativeClient(t *testing.T) {
	for _, command := range []string{"upload", "put"} {
		t.Run(command, func(t *testing.T) {
			address, root := serve(t)
			source, target, files := t.TempDir(), t.TempDir(), samples()
			if command == "put" {
				delete(files, "many-chunks.bin")
			}
			create(t, source, files)
			for name := range files {
				code, output := python(t, source, "tranship_client.py", address, command, name, name)
				succeed(t, code, output)
				if !strings.HasPrefix(output, name+" ") {
					t.Errorf("%s: %s", name, output)
				}
			}
			check(t, root, files)
			downloaded := map[string]int{"many-chunks.bin": files["many-chunks.bin"], "empty.bin": 0}
			if command == "put" {
				downloaded = map[string]int{"one-chunk.bin": chunkBytes}
			}
			for name := range downloaded {
				code, output := python(t, target, "tranship_client.py", address, "download", name, name)
				succeed(t, code, output)
			}
			check(t, target, downloaded)
		})
	}
}

func TestNativeClientRefused(t *testing.T) {
	address, root := serve(t)
	source := t.TempDir()
	create(t, source, map[string]int{"a.bin": 1<<20 + 1})
	for _, test := range []struct{ command, path, message string }{
		{"upload", "../a.bin", "invalid path"},
		{"put", "a.bin", "at most 1048576"},
		{"download", "missing", "not found: missing"},
	} {
		code, output := python(t, source, "tranship_client.py", address, test.command, filepath.Join(source, "a.bin"), test.path)
		if code != 1 || !strings.Contains(output, test.message) {
			t.Errorf("%s: exit code %d: %s", test.command, code, output)
		}
	}
	check(t, root, nil)
}
