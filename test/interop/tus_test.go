package interop

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/filetest"
)

// nginxTusConfig configures a gateway as sites have it by default, which reads the whole of a request
// before it passes the request on, and whose requests have a maximum length.
const nginxTusConfig = `daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  client_max_body_size 5m;
  server {
    listen 127.0.0.1:{port};
    location / {
      proxy_pass http://{server};
      proxy_http_version 1.1;
      proxy_request_buffering on;
    }
  }
}
`

// TestNodeTus uploads files with tus-js-client, which gives up in the middle and continues, to the
// server itself and through nginx.
func TestNodeTus(t *testing.T) {
	root := t.TempDir()
	address := loggedHTTPAddress(t, built.Serve(t, root, "--http", "127.0.0.1:0", "--log-format", "json"))
	for _, test := range []struct {
		name          string
		size, chunk   int
		interruptions int
		gateway       bool
	}{
		{"empty", 0, 1 << 20, 0, false},
		{"small", 10, 1 << 20, 0, false},
		{"pieces", 9_000_001, 700_001, 0, false},
		{"one piece", 9_000_001, 1 << 30, 0, false},
		{"interrupted", 20_000_001, 3_000_001, 3, false},
		{"interrupted in the middle of a piece", 20_000_001, 1 << 30, 2, false},
		{"gateway", 12_000_001, 5 << 20, 0, true},
		{"interrupted at a gateway", 20_000_001, 5 << 20, 3, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			endpoint, path := address, "tus/"+strings.ReplaceAll(test.name, " ", "_")
			if test.gateway {
				endpoint = nginxWith(t, nginxTusConfig, address)
			}
			content := filetest.Random(test.size)
			source := filepath.Join(t.TempDir(), "source")
			if err := os.WriteFile(source, content, 0o600); err != nil {
				t.Fatal(err)
			}
			code, output := node(t, t.TempDir(), "tus_client.js", "UNUSED=", "http://"+endpoint+"/uploads/", source, path,
				strconv.Itoa(test.chunk), strconv.Itoa(test.interruptions))
			succeed(t, code, output)
			if want := "interrupted " + strconv.Itoa(test.interruptions); !strings.Contains(output, want) {
				t.Errorf("it printed %s, want %s", output, want)
			}
			if got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path))); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes, %v; want %d", len(got), err, len(content))
			}
		})
	}
}
