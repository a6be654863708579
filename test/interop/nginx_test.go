package interop

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// nginxConfig configures a gateway whose connections take ten calls each.
const nginxConfig = `daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 10;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:{port} http2;
    location / { grpc_pass grpc://{server}; }
  }
}
`

// nginx runs nginx in front of a server until the test ends, and returns its address.
func nginx(t *testing.T, server string) string {
	t.Helper()
	return nginxWith(t, nginxConfig, server)
}

// nginxWith is nginx with a configuration.
func nginxWith(t *testing.T, configuration, server string) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // Debian's path, which only root has in PATH
	}
	if _, err := os.Stat(program); err != nil {
		missing(t, "nginx is not installed")
	}
	// nginx cannot report the port that it was assigned.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	text := strings.NewReplacer("{dir}", dir, "{port}", strconv.Itoa(port), "{server}", server).Replace(configuration)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, exec.Command(program, "-c", config, "-p", dir))
	address := fmt.Sprintf("127.0.0.1:%d", port)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < 30*time.Second; <-tick.C {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return address
		}
	}
	t.Fatal("nginx does not listen")
	return ""
}

// TestNginxOfFewCalls copies whole trees over connections that end after ten calls, of
// which nginx drops those that arrive at the same time.
func TestNginxOfFewCalls(t *testing.T) {
	server, root := serve(t, "--durability", "written")
	gateway := nginx(t, server)
	const files = 600
	source := t.TempDir()
	for i := range files {
		if err := os.WriteFile(filepath.Join(source, fmt.Sprintf("f%03d", i)), fmt.Appendf(nil, "%d", i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	in := func(directory string) int {
		entries, _ := os.ReadDir(filepath.Join(root, directory))
		return len(entries)
	}
	for _, step := range []struct {
		args []string
		a, b int
	}{
		{[]string{"cp", "-r", source + "/.", remoteURL(gateway, "a")}, files, 0},
		{[]string{"cp", "-r", remoteURL(gateway, "a"), remoteURL(gateway, "b")}, files, files},
		{[]string{"rm", "-r", remoteURL(gateway, "b")}, files, 0},
		{[]string{"mv", remoteURL(gateway, "a"), remoteURL(gateway, "b")}, 0, files},
		{[]string{"rm", "-r", remoteURL(gateway, "b")}, 0, 0},
	} {
		code, output := tranship(t, source, step.args...)
		if code != 0 || in("a") != step.a || in("b") != step.b {
			t.Fatalf("%v: exit code %d, %d files in a and %d in b, want %d and %d: %s", step.args, code, in("a"), in("b"), step.a, step.b, output)
		}
	}
}
