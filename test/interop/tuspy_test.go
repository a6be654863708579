package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// TestPythonTus uploads files with tuspy, which sends a checksum with each piece. A first process ends
// before the file does, and another one continues the upload.
func TestPythonTus(t *testing.T) {
	if err := exec.Command(interpreter, "-c", "import tusclient.client, tinydb").Run(); err != nil {
		missing(t, interpreter+" with the module tusclient is not installed")
	}
	root := t.TempDir()
	endpoint := "http://" + loggedHTTPAddress(t, built.Serve(t, root, "--http", "127.0.0.1:0", "--log-format", "json")) + "/uploads/"
	program, err := filepath.Abs(filepath.Join("python", "tus_client.py"))
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int{}
	for _, test := range []struct {
		name                string
		size, chunk, stopAt int
		class               string
	}{
		{"one-piece.bin", 3_000_001, 1 << 30, 0, "sync"},
		{"byte.bin", 1, 1, 0, "sync"},
		{"tiny-pieces.bin", 2_003, 7, 1_001, "sync"},
		{"odd-pieces.bin", 9_000_001, 777_777, 4_000_003, "sync"},
		{"asynchronous.bin", 9_000_001, 1<<20 + 1, 4_000_003, "async"},
	} {
		t.Run(test.name, func(t *testing.T) {
			local := t.TempDir()
			create(t, local, map[string]int{test.name: test.size})
			sizes[test.name] = test.size
			upload := func(stopAt, continued int) {
				t.Helper()
				cmd := exec.Command(interpreter, program, endpoint, test.name, "tuspy/"+test.name, strconv.Itoa(test.chunk),
					strconv.Itoa(stopAt), "storage.json", test.class)
				cmd.Dir = local
				cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1")
				code, output := finish(t, cmd)
				succeed(t, code, output)
				if want := "continued at " + strconv.Itoa(continued); !hasLine(output, want) {
					t.Fatalf("it printed %s, want %s", output, want)
				}
			}
			if test.stopAt > 0 {
				upload(test.stopAt, 0)
			}
			upload(test.size, test.stopAt)
		})
	}
	check(t, filepath.Join(root, "tuspy"), sizes)
}
