package interop

import (
	"path/filepath"
	"testing"
)

func TestFiletransferClients(t *testing.T) {
	for _, program := range []string{"filetransfer_client.py", "filetransfer_async_client.py"} {
		t.Run(program, func(t *testing.T) {
			address, root := serve(t)
			source, files := t.TempDir(), samples()
			create(t, source, files)
			for name := range files {
				code, output := python(t, source, program, address, name, name)
				succeed(t, code, output)
				if want := "File " + name + " received successfully."; !hasLine(output, want) {
					t.Errorf("answer is %s", output)
				}
			}
			check(t, root, files)
		})
	}
}

func TestFiletransferWithoutName(t *testing.T) {
	address, root := serve(t)
	source := t.TempDir()
	files := map[string]int{"received_file.bin": 2*chunkBytes + 1}
	create(t, source, files)
	code, output := python(t, source, "filetransfer_client.py", address, "received_file.bin")
	succeed(t, code, output)
	check(t, root, files)
}

func TestFiletransferServer(t *testing.T) {
	root, source := t.TempDir(), t.TempDir()
	address := pythonServer(t, root, "filetransfer_server.py")
	for _, size := range []int{0, 5, 3*chunkBytes + 1} {
		// The server saves every file under this name.
		files := map[string]int{"received_file.bin": size}
		create(t, source, files)
		code, output := tranship(t, source, "cp", "--protocol", "filetransfer", filepath.Join(source, "received_file.bin"), remoteURL(address, "received_file.bin"))
		succeed(t, code, output)
		check(t, root, files)
	}
}
