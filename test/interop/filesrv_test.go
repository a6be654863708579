package interop

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FileSrv: foreign clients, our server.

func TestFilesrvClients(t *testing.T) {
	for _, client := range []struct {
		name    string
		program string
		flags   []string
	}{
		{name: "sync", program: "filesrv_client.py"},
		{name: "gzip", program: "filesrv_client.py", flags: []string{"--gzip"}},
		{name: "one stream", program: "filesrv_client.py", flags: []string{"--one-stream"}},
		{name: "asyncio", program: "filesrv_async_client.py"},
	} {
		t.Run(client.name, func(t *testing.T) {
			address, root := serve(t)
			source, target, files := t.TempDir(), t.TempDir(), samples()
			create(t, source, files)

			args := append(append(client.flags, address, "upload"), paths(files)...)
			code, output := python(t, source, client.program, args...)
			succeed(t, code, output)
			check(t, root, files)

			// The download of a missing file fails; the client continues.
			names := slices.Insert(paths(files), 3, "none/missing.txt")
			code, output = python(t, target, client.program, append(append(client.flags, address, "download"), names...)...)
			if code != 1 || !hasLine(output, "INVALID_ARGUMENT: Invalid filepath: none/missing.txt") {
				t.Errorf("exit code %d: %s", code, output)
			}
			check(t, target, files)
		})
	}
}

func TestFilesrvUploadSuffix(t *testing.T) {
	address, root := serve(t, "--filesrv-upload-suffix", "_recv")
	source := t.TempDir()
	create(t, source, map[string]int{"d/a.txt": 5})
	code, output := python(t, source, "filesrv_client.py", address, "upload", "d/a.txt")
	succeed(t, code, output)
	data, err := os.ReadFile(filepath.Join(root, "d", "a_recv.txt"))
	if err != nil || string(data) != string(content("d/a.txt", 5)) {
		t.Errorf("saved %q, %v", data, err)
	}
}

// TestFilesrvRefused checks that a refused file fails at once, although the client has
// more to send, and that the client gets the reason.
func TestFilesrvRefused(t *testing.T) {
	address, root := serve(t)
	source := t.TempDir()
	files := map[string]int{"first.txt": 5}
	create(t, source, files)
	large := map[string]int{"outside.bin": 32 * chunkBytes}
	create(t, filepath.Dir(source), large)
	t.Cleanup(func() { os.Remove(filepath.Join(filepath.Dir(source), "outside.bin")) })
	code, output := python(t, source, "filesrv_client.py", "--one-stream", address, "upload", "first.txt", "../outside.bin")
	if code != 1 || !strings.HasPrefix(output, `INVALID_ARGUMENT: "../outside.bin"`) {
		t.Errorf("exit code %d: %s", code, output)
	}
	check(t, root, files)
}

func TestFilesrvRevision2Clients(t *testing.T) {
	told, configured := []string(nil), []string{"--filesrv-revision", "2"}
	for _, client := range []struct {
		name    string
		serve   []string
		program string
		flags   []string
	}{
		{name: "sync", serve: told, program: "filesrv_v2_client.py"},
		{name: "no metadata", serve: configured, program: "filesrv_v2_client.py", flags: []string{"--no-metadata"}},
		{name: "asyncio", serve: told, program: "filesrv_v2_async_client.py"},
	} {
		t.Run(client.name, func(t *testing.T) {
			address, root := serve(t, client.serve...)
			files := samples()
			create(t, root, files)
			for name, keep := range matches() {
				target := t.TempDir()
				code, output := python(t, target, client.program, append(client.flags, address, name)...)
				succeed(t, code, output)
				if !hasLine(output, "revision 2") {
					t.Errorf("%s: %s", name, output)
				}
				check(t, target, some(files, keep))
			}
			code, output := python(t, t.TempDir(), client.program, append(client.flags, address, "none/*")...)
			if code != 1 || !hasLine(output, "INVALID_ARGUMENT: Invalid filepath: none/*") {
				t.Errorf("exit code %d: %s", code, output)
			}
		})
	}
}

// matches returns which of the samples some names match in revision 2.
func matches() map[string]func(string) bool {
	pattern := func(pattern string) func(string) bool {
		return func(name string) bool {
			matched, err := path.Match(pattern, name)
			return matched && err == nil
		}
	}
	return map[string]func(string) bool{
		"many-chunks.bin": pattern("many-chunks.bin"),
		"empty.bin":       pattern("empty.bin"),
		"d.d":             func(name string) bool { return strings.HasPrefix(name, "d.d/") },
		"*.bin":           pattern("*.bin"),
		"d.d/e/*":         pattern("d.d/e/*"),
		"gr*/日本?.txt":     pattern("gr*/日本?.txt"),
	}
}

// FileSrv: our client, foreign servers.

func TestFilesrvServer(t *testing.T) {
	root, source, target, files := t.TempDir(), t.TempDir(), t.TempDir(), samples()
	address := pythonServer(t, root, "filesrv_server.py")
	create(t, source, files)
	code, output := tranship(t, source, "cp", "--protocol", "filesrv", "-r", ".", remoteURL(address, ""))
	succeed(t, code, output)
	if !strings.Contains(output, "d.d/e/noext has no extension") || strings.Contains(output, "a.txt") {
		t.Errorf("warnings are %s", output)
	}
	check(t, root, files)

	for name := range files {
		if err := os.MkdirAll(filepath.Join(target, path.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		code, output := tranship(t, target, "cp", "--protocol", "filesrv", remoteURL(address, name), "./"+name)
		succeed(t, code, output)
	}
	check(t, target, files)

	code, output = tranship(t, target, "cp", "--protocol", "filesrv", remoteURL(address, "missing.txt"), "missing.txt")
	if code != 3 {
		t.Errorf("a missing file: exit code %d: %s", code, output)
	}
	check(t, target, files)
}

func TestFilesrvServerQuirks(t *testing.T) {
	root, source, target := t.TempDir(), t.TempDir(), t.TempDir()
	address := pythonServer(t, root, "filesrv_server.py", "--quirks")
	files := map[string]int{"a.txt": 5, "d/b.bin": chunkBytes + 1, "empty.txt": 0}
	create(t, source, files)
	code, output := tranship(t, source, "cp", "--protocol", "filesrv", "-r", ".", remoteURL(address, ""))
	succeed(t, code, output)
	check(t, root, files)

	for _, name := range []string{"missing.txt", "empty.txt"} {
		code, output := tranship(t, target, "cp", "--protocol", "filesrv", remoteURL(address, name), name)
		if code != 3 {
			t.Errorf("%s: exit code %d: %s", name, code, output)
		}
	}
	check(t, target, nil)
	code, output = tranship(t, target, "cp", "--protocol", "filesrv", "--filesrv-allow-empty", remoteURL(address, "empty.txt"), "empty.txt")
	succeed(t, code, output)
	check(t, target, map[string]int{"empty.txt": 0})

	code, output = tranship(t, source, "cp", "--protocol", "filesrv", "a.txt", remoteURL(address, "noext"))
	succeed(t, code, output)
	if !strings.Contains(output, "noext has no extension") {
		t.Errorf("no warning: %s", output)
	}
	if data, err := os.ReadFile(filepath.Join(root, "dummy")); err != nil || string(data) != string(content("a.txt", 5)) {
		t.Errorf("dummy is %q, %v", data, err)
	}
}

func TestFilesrvRevision2Server(t *testing.T) {
	for _, server := range []struct {
		name         string
		server, args []string
	}{
		{name: "metadata"},
		{name: "no metadata", server: []string{"--no-metadata"}, args: []string{"--filesrv-revision", "2"}},
	} {
		t.Run(server.name, func(t *testing.T) {
			root, files := t.TempDir(), samples()
			create(t, root, files)
			address := pythonServer(t, root, "filesrv_v2_server.py", server.server...)
			cp := append([]string{"cp", "--protocol", "filesrv"}, server.args...)

			target := t.TempDir()
			code, output := tranship(t, target, append(cp, remoteURL(address, "many-chunks.bin"), ".")...)
			succeed(t, code, output)
			check(t, target, some(files, func(name string) bool { return name == "many-chunks.bin" }))

			for name, keep := range map[string]func(string) bool{
				"*.bin": func(name string) bool { return strings.HasSuffix(name, ".bin") },
				"d.d":   func(name string) bool { return strings.HasPrefix(name, "d.d/") },
			} {
				target := t.TempDir()
				code, output := tranship(t, target, append(cp, "-r", remoteURL(address, name), ".")...)
				succeed(t, code, output)
				check(t, target, some(files, keep))
			}
			code, output = tranship(t, target, append(cp, "-r", remoteURL(address, "none*"), ".")...)
			if code != 3 {
				t.Errorf("nothing found: exit code %d: %s", code, output)
			}
		})
	}
}

func TestFilesrvHostileServer(t *testing.T) {
	absolute := filepath.Join(t.TempDir(), "evil.txt")
	for _, name := range []string{"../evil.txt", absolute, "a/../../evil.txt", ".tranship/evil.txt"} {
		target := filepath.Join(t.TempDir(), "target")
		if err := os.Mkdir(target, 0o777); err != nil {
			t.Fatal(err)
		}
		address := pythonServer(t, t.TempDir(), "filesrv_v2_server.py", "--hostile", name)
		code, output := tranship(t, target, "cp", "--protocol", "filesrv", "-r", remoteURL(address, "good.txt"), ".")
		if code != 5 {
			t.Errorf("%s: exit code %d: %s", name, code, output)
		}
		check(t, filepath.Dir(target), nil)
		if _, err := os.Stat(absolute); err == nil {
			t.Error("the client wrote to an absolute path")
		}
	}
}

// TestFilesrvLargeFile copies more than 2 GiB, which does not fit into signed 32-bit
// numbers.
func TestFilesrvLargeFile(t *testing.T) {
	if testing.Short() {
		t.Skip("the test moves 2 GiB twice")
	}
	const size, name = 2<<30 + 5, "large.bin"
	address, root := serve(t)
	source := t.TempDir()
	file, err := os.Create(filepath.Join(source, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte("end"), size-3); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ dir, command, saved string }{
		{source, "upload", root}, {t.TempDir(), "download", ""},
	} {
		code, output := python(t, step.dir, "filesrv_client.py", address, step.command, name)
		succeed(t, code, output)
		if step.saved == "" {
			step.saved = step.dir
		}
		checkEnd(t, filepath.Join(step.saved, name), size, "end")
	}
}

func checkEnd(t *testing.T, name string, size int64, end string) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, len(end))
	if _, err := file.ReadAt(data, info.Size()-int64(len(end))); err != nil || info.Size() != size || string(data) != end {
		t.Errorf("%s has %d bytes, at its end %q, %v", filepath.Base(name), info.Size(), data, err)
	}
}
