package interop

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/internal/testing/testcert"
)

// configurations is the directory of the configurations that docs/proxies.md explains.
const configurations = "../../docs/proxies"

// proxyProgram is a proxy that is tested.
type proxyProgram struct {
	// name is the program's, in PATH or in Debian's place, which only root has in PATH.
	name string
	// own is what a configuration gets in place of a text, so that the proxy stays in the
	// foreground and writes only into {dir}.
	own map[string]string
	// args are the arguments for a configuration {config}.
	args []string
}

func proxyPrograms() map[string]proxyProgram {
	nginx := proxyProgram{
		name: "nginx",
		own: map[string]string{"events {": "daemon off; master_process off; pid {dir}/nginx.pid; error_log stderr error;\nevents {", "\nhttp {": `
http {
    access_log off;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;`},
		args: []string{"-c", "{config}", "-p", "{dir}"},
	}
	stream := nginx
	stream.own = map[string]string{"events {": nginx.own["events {"]}
	return map[string]proxyProgram{
		"nginx.conf":        nginx,
		"nginx-http.conf":   nginx,
		"nginx-stream.conf": stream,
		"haproxy.cfg":       {name: "haproxy", args: []string{"-db", "-f", "{config}"}},
		"Caddyfile":         {name: "caddy", args: []string{"run", "--config", "{config}", "--adapter", "caddyfile"}},
	}
}

// freePort returns a port of the loopback interface that no program uses. Proxies cannot
// report the port that they were assigned.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// proxy is a proxy that runs with a configuration.
type proxy struct {
	program proxyProgram
	// dir has everything that the proxy writes; path is the program's file, and config the
	// configuration's.
	dir, path, config string
	process           *program.Process
	// listens are the addresses at which it listens.
	listens []string
}

// startProxy starts a proxy with a configuration until the test ends. The file of the
// configuration, in docs/proxies, says which program it is for; replace has what its texts
// become. listens are the ports at which it listens.
func startProxy(t *testing.T, file, text string, replace map[string]string, listens ...string) *proxy {
	t.Helper()
	p := &proxy{program: proxyPrograms()[file], dir: t.TempDir()}
	var err error
	if p.path, err = exec.LookPath(p.program.name); err != nil {
		p.path = "/usr/sbin/" + p.program.name
	}
	if _, err := os.Stat(p.path); err != nil {
		missing(t, p.program.name+" is not installed")
	}
	for _, table := range []map[string]string{replace, p.program.own} {
		for old, new := range table {
			if !strings.Contains(text, old) {
				t.Fatalf("%s does not have %q", file, old)
			}
			text = strings.ReplaceAll(text, old, strings.ReplaceAll(new, "{dir}", p.dir))
		}
	}
	p.config = filepath.Join(p.dir, file)
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, port := range listens {
		p.listens = append(p.listens, "127.0.0.1:"+port)
	}
	p.start(t)
	return p
}

// start starts the program, and waits until it listens.
func (p *proxy) start(t *testing.T) {
	t.Helper()
	var args []string
	for _, arg := range p.program.args {
		args = append(args, strings.NewReplacer("{config}", p.config, "{dir}", p.dir).Replace(arg))
	}
	cmd := exec.Command(p.path, args...)
	cmd.Env = append(os.Environ(), "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir)
	p.process = program.Start(t, cmd)
	p.process.Err.Most, p.process.Out.Most = 1<<16, 1<<16
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, address := range p.listens {
		for begun := time.Now(); ; <-tick.C {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				_ = conn.Close()
				break
			}
			if p.process.Ended() || time.Since(begun) > 30*time.Second {
				t.Fatalf("%s does not listen at %s: %s%s", p.program.name, address, p.process.Out.String(), p.process.Err.String())
			}
		}
	}
}

// restart kills the proxy, and starts it again.
func (p *proxy) restart(t *testing.T) {
	t.Helper()
	p.process.Kill()
	p.start(t)
}

// documented returns the text of a configuration in docs/proxies.
func documented(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(configurations, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// proxySite is the servers and certificates that the documented configurations name.
type proxySite struct {
	// keys has proxy.crt, proxy.key, proxy.pem and ca.crt, and client.crt and client.key.
	keys string
	// servers are the addresses of the servers, and roots their directories, by the port
	// in the configurations: 50051 has plaintext, 50052 TLS, and 50053 TLS, client
	// certificates and the PROXY protocol.
	servers, roots, audits map[string]string
}

func newProxySite(t *testing.T, flags ...string) *proxySite {
	t.Helper()
	s := &proxySite{keys: t.TempDir(), servers: map[string]string{}, roots: map[string]string{}, audits: map[string]string{}}
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"ca.crt": authority.CertificatePEM()}
	for name, spec := range map[string]testcert.Spec{
		"proxy":  {Hosts: []string{"127.0.0.1", "localhost"}},
		"server": {Hosts: []string{"127.0.0.1", "server.internal"}},
		"client": {Subject: "ann", ClientOnly: true},
	} {
		pair, err := authority.Issue(spec)
		if err != nil {
			t.Fatal(err)
		}
		key, err := pair.KeyPEM()
		if err != nil {
			t.Fatal(err)
		}
		files[name+".crt"], files[name+".key"] = pair.CertificatePEM(), key
		files[name+".pem"] = slices.Concat(pair.CertificatePEM(), key)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(s.keys, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	encrypted := []string{"--tls-cert", s.key("server.crt"), "--tls-key", s.key("server.key")}
	for port, own := range map[string][]string{
		"50051": {},
		"50052": append(encrypted, "--anonymous", "write"),
		"50053": append(encrypted, "--client-ca", s.key("ca.crt"), "--proxy-protocol"),
	} {
		audit := filepath.Join(t.TempDir(), "audit")
		own = append(own, "--durability", "written", "--trusted-proxy", "127.0.0.1", "--audit-log", audit)
		s.servers[port], s.roots[port] = serve(t, append(own, flags...)...)
		s.audits[port] = audit
	}
	return s
}

func (s *proxySite) key(name string) string { return filepath.Join(s.keys, name) }

// ports gives each port at which a configuration listens a free one.
func ports(t *testing.T, text string) (free map[string]string) {
	t.Helper()
	free = map[string]string{}
	for _, port := range []string{"8080", "8443", "8444", "8445"} {
		if strings.Contains(text, port) {
			free[port] = freePort(t)
		}
	}
	return free
}

// run starts a proxy with a documented configuration for the site's servers. free has the
// ports at which it listens in place of the documented. changes are pairs of a text of the
// configuration and what it becomes.
func (s *proxySite) run(t *testing.T, file string, changes ...string) (p *proxy, free map[string]string) {
	t.Helper()
	text := documented(t, file)
	for change := range slices.Chunk(changes, 2) {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("%s does not have %q", file, change[0])
		}
		text = strings.ReplaceAll(text, change[0], change[1])
	}
	free = ports(t, text)
	replace := map[string]string{}
	for port, address := range s.servers {
		if strings.Contains(text, "127.0.0.1:"+port) {
			replace["127.0.0.1:"+port] = address
		}
	}
	var listens []string
	for port, other := range free {
		replace[port] = other
		listens = append(listens, other)
	}
	if strings.Contains(text, "/etc/tranship/") {
		replace["/etc/tranship/"] = s.keys + "/"
	}
	return startProxy(t, file, text, replace, listens...), free
}

// way is a way through a proxy to a server.
type way struct {
	file, port string
	// server is the server's port in the configuration.
	server string
}

// ways are all ways through the documented configurations.
func ways() (all []way) {
	for _, file := range []string{"nginx.conf", "haproxy.cfg", "Caddyfile"} {
		all = append(all, way{file, "8080", "50051"}, way{file, "8443", "50051"}, way{file, "8444", "50052"})
	}
	return append(all, way{"nginx-stream.conf", "8445", "50053"}, way{"haproxy.cfg", "8445", "50053"})
}

// url returns the function that makes URLs at a way, and the flags of a client.
func (s *proxySite) url(w way, free map[string]string) (at func(path string) string, flags []string) {
	scheme := "grpcs"
	switch {
	case w.port == "8080":
		scheme = "grpc"
	case w.server == "50053":
		flags = []string{"--ca", s.key("ca.crt"), "--client-cert", s.key("client.crt"), "--client-key", s.key("client.key")}
	default:
		flags = []string{"--ca", s.key("ca.crt")}
	}
	return func(path string) string { return fmt.Sprintf("%s://127.0.0.1:%s/%s", scheme, free[w.port], path) }, flags
}
