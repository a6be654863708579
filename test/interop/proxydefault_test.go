package interop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	contract "github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
)

// The configurations below have the defaults of each proxy, where these break something,
// and nothing of what docs/proxies.md recommends.
const (
	nginxDefaults = `events { worker_connections 100; }
http {
    {settings}
    server { listen 127.0.0.1:8080 http2; location / { grpc_pass grpc://127.0.0.1:50051; } }
}
`
	haproxyDefaults = `defaults
    mode http
    timeout connect 5s
    {settings}
frontend plaintext
    bind 127.0.0.1:8080 proto h2
    default_backend tranship
backend tranship
    server one 127.0.0.1:50051 {server}
`
	caddyDefaults = `{
	admin off
	{settings}
}
http://:8080 {
	bind 127.0.0.1
	reverse_proxy {server}127.0.0.1:50051
}
`
)

// withDefaults runs a proxy with one of the configurations above, and returns its address.
func withDefaults(t *testing.T, file, text, server, settings, serverSettings string) string {
	t.Helper()
	port := freePort(t)
	replace := map[string]string{"8080": port, "127.0.0.1:50051": server, "{settings}": settings}
	if strings.Contains(text, "{server}") {
		replace["{server}"] = serverSettings
	}
	startProxy(t, file, text, replace, port)
	return "127.0.0.1:" + port
}

// nothing returns an address at which no server listens.
func nothing(t *testing.T) string { return "127.0.0.1:" + freePort(t) }

// TestProxyNamed checks, for each default of a proxy that breaks something, that the error
// of a connection names the proxy's answer and the setting.
func TestProxyNamed(t *testing.T) {
	address, _ := serve(t)
	const h2c = "protocols h1 h2 h2c"
	for _, test := range []struct {
		name, file, text, server string
		settings, serverSettings string
		want                     []string
		passing                  bool
	}{
		{
			"nginx without a server", "nginx.conf", nginxDefaults, nothing(t), "", "",
			[]string{"nginx answered, with HTTP status 502 (Bad Gateway): it does not reach the server", "set grpc_pass"},
			true,
		},
		{
			"haproxy without a server", "haproxy.cfg", haproxyDefaults, nothing(t), "timeout client 10s\n    timeout server 10s", "proto h2",
			[]string{"haproxy answered, with HTTP status 503 (Service Unavailable)", "set the check"},
			true,
		},
		{
			"haproxy without HTTP/2", "haproxy.cfg", haproxyDefaults, address, "timeout client 10s\n    timeout server 10s", "",
			[]string{"haproxy answered, with HTTP status 502 (Bad Gateway)", "server … proto h2"},
			true,
		},
		{
			"Caddy without a server", "Caddyfile", caddyDefaults, nothing(t), "servers {\n" + h2c + "\n}", "h2c://",
			[]string{"HTTP status 502 (Bad Gateway)", "Caddy: reverse_proxy h2c://"},
			true,
		},
		{
			"Caddy without HTTP/2", "Caddyfile", caddyDefaults, address, "servers {\n" + h2c + "\n}", "",
			[]string{"HTTP status 502 (Bad Gateway)", "Caddy: reverse_proxy h2c://"},
			true,
		},
		{
			"a path that is not gRPC's", "nginx.conf", strings.Replace(nginxDefaults, "grpc_pass grpc://127.0.0.1:50051", "return 404", 1) + "# 127.0.0.1:50051", address, "", "",
			[]string{"nginx answered, with HTTP status 404 (Not Found)", "set grpc_pass for location /"},
			false,
		},
		{
			"limit_req", "nginx.conf", strings.Replace(nginxDefaults, "location /", "limit_req zone=z; location /", 1), address, "limit_req_zone all zone=z:1m rate=1r/m; limit_req_status 429;", "",
			[]string{"nginx answered, with HTTP status 429 (Too Many Requests)", "set limit_req"},
			true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := withDefaults(t, test.file, test.text, test.server, test.settings, test.serverSettings)
			var err error
			for range 2 { // limit_req lets the first call pass
				var c *client.Client
				if c, err = client.Dial(t.Context(), at, client.Options{}); err == nil {
					_ = c.Close()
				}
			}
			proxy, ok := errors.AsType[*contract.ProxyError](err)
			if !ok || proxy.Status == 0 || errors.Is(err, contract.ErrUnavailable) != test.passing || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
}

// TestNginxBodyLimit checks that nginx's limit of a request, 1 MiB by default, is named,
// and that its page ends the copy of many files with one line.
func TestNginxBodyLimit(t *testing.T) {
	address, _ := serve(t)
	at := withDefaults(t, "nginx.conf", nginxDefaults, address, "", "")
	source, files := t.TempDir(), map[string]int{}
	for i := range 300 {
		files[fmt.Sprintf("%03d", i)] = 20_000
	}
	create(t, source, files)
	code, output := tranship(t, source, "cp", "-r", source+"/.", remoteURL(at, "d"))
	// Where the server answers before the limit is reached, nginx resets the stream instead,
	// and each attempt copies some of the files.
	page := strings.Contains(output, "nginx answered, with HTTP status 413 (Request Entity Too Large): it limits the size of a request; set client_max_body_size 0")
	if page && (code == 0 || strings.Count(output, "\n") != 1) || code != 0 && !strings.Contains(output, "client_max_body_size") {
		t.Errorf("exit code %d: %s", code, output)
	}
	// The server has answered on the stream of a large file, so that nginx can only reset it.
	create(t, source, map[string]int{"large": 5 << 20})
	cp := built.Start(t, "cp", "-v", filepath.Join(source, "large"), remoteURL(at, "large"))
	cp.Err.AwaitMatch(t, regexp.MustCompile("RST_STREAM with error code: .*nginx: client_max_body_size"))
}

// awaitText waits until a file has a text, for at most a minute.
func awaitText(t *testing.T, name, text string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ; <-tick.C {
		if data, err := os.ReadFile(name); err == nil && bytes.Contains(data, []byte(text)) {
			return
		}
		if time.Since(begun) > time.Minute {
			t.Errorf("%s does not have %s", name, text)
			return
		}
	}
}

// TestProxyTimeouts checks that a proxy whose timeout ends a pause in the standard input
// makes an error that names the setting.
func TestProxyTimeouts(t *testing.T) {
	for _, test := range []struct{ name, file, text, settings, server, want string }{
		{"nginx", "nginx.conf", nginxDefaults, "client_body_timeout 1s; grpc_read_timeout 1s; grpc_send_timeout 1s; client_max_body_size 0;", "", "grpc_read_timeout"},
		{"haproxy", "haproxy.cfg", haproxyDefaults, "timeout client 1s\n    timeout server 1s", "proto h2", "timeout server"},
	} {
		t.Run(test.name, func(t *testing.T) {
			audit := filepath.Join(t.TempDir(), "audit")
			address, _ := serve(t, "--audit-log", audit)
			at := withDefaults(t, test.file, test.text, address, test.settings, test.server)
			cmd := built.Command(t.Context(), "cp", "-", remoteURL(at, test.name))
			input, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(input, "some"); err != nil {
				t.Fatal(err)
			}
			go func() { // the input pauses until the proxy has ended the call
				awaitText(t, audit, `"action":"abort"`)
				_ = input.Close()
			}()
			code, output := finish(t, cmd)
			if code == 0 || !strings.Contains(output, test.want) || strings.Count(output, "\n") != 1 {
				t.Errorf("exit code %d: %s", code, output)
			}
		})
	}
}

// TestProxyConfigurations checks that docs/proxies.md refers to every configuration, and
// that each is tested, except Envoy's.
func TestProxyConfigurations(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(configurations, "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%q, %v", names, err)
	}
	page := readFile(t, configurations+".md")
	for _, name := range names {
		name = filepath.Base(name)
		if !strings.Contains(page, "(proxies/"+name+")") {
			t.Errorf("docs/proxies.md does not refer to %s", name)
		}
		if _, tested := proxyPrograms()[name]; !tested && name != "envoy.yaml" {
			t.Errorf("%s is not tested", name)
		}
	}
}
