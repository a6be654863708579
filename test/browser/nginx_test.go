package browser

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nginxConfig has the limit of a proxy that is not configured for uploads of large files.
const nginxConfig = `daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {}
http {
	access_log off;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	client_max_body_size 5m;
	server {
		listen {address};
		location / {
			proxy_pass http://{server};
			proxy_set_header Host $http_host;
		}
	}
}
`

// nginx runs nginx in front of a server, and returns the server whose pages come through it.
func nginx(t *testing.T, s *server) *server {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // Debian's path, which only root has in PATH
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // nginx cannot report the port that it was assigned
	dir := t.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	text := strings.NewReplacer("{dir}", dir, "{address}", address, "{server}", s.address).Replace(nginxConfig)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "-c", config, "-p", dir)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatalf("%v: run make browser, which installs nginx", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < patience; <-tick.C {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return &server{t: t, address: address}
		}
	}
	t.Fatal("nginx does not listen")
	return nil
}

// TestNginx uses the page through nginx, whose requests may have 5 MiB at most.
func TestNginx(t *testing.T) {
	tokens, secret := token(t)
	b := nginx(t, serve(t, "--tokens", tokens)).open(t, "#/ü #1/", look{})
	b.signIn(secret)
	b.waitText("as soon as a file is in it")
	content := random(5, 13*mebibyte+1)
	b.choose("#files", file(t, "100% large?.bin", content), file(t, "small", "x"))
	b.idle()
	b.waitText("2 of 2 uploaded")
	b.hasSum("ü #1/100% large?.bin", content)
	b.wait(`document.querySelectorAll(".files tbody tr").length === 2`)
	b.press("Rename or move small")
	b.wait(`document.querySelector("dialog input")`)
	eval[any](b, `(document.querySelector("dialog input").value = "ü #1/a?b 100%", null)`)
	b.press("Move")
	b.wait(`[...document.querySelectorAll(".files tbody a")].some((a) => a.textContent === "a?b 100%")`)
	b.hasSum("ü #1/a?b 100%", "x")
	b.press("Delete a?b 100%")
	b.press("Delete")
	b.wait(`document.querySelectorAll(".files tbody tr").length === 1`)
	b.press("Sign out")
	b.wait(`document.querySelector(".sign-in input")`)
}
