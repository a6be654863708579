package interop

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/testing/program"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestProxies uses every documented way through every proxy: large and small files up and
// down, whole trees, streams, all protocols, and changes on the server.
func TestProxies(t *testing.T) {
	s := newProxySite(t)
	source, files := t.TempDir(), samples()
	files["large.bin"] = 24<<20 + 5
	for i := range 300 {
		files[fmt.Sprintf("many/%03d.txt", i)] = i
	}
	create(t, source, files)
	for _, file := range []string{"nginx.conf", "nginx-stream.conf", "haproxy.cfg", "Caddyfile"} {
		t.Run(file, func(t *testing.T) {
			_, free := s.run(t, file)
			for _, w := range ways() {
				if w.file == file {
					t.Run(w.port, func(t *testing.T) { s.everyday(t, w, free, source, files) })
				}
			}
		})
	}
}

// everyday uses one way.
func (s *proxySite) everyday(t *testing.T, w way, free map[string]string, source string, files map[string]int) {
	at, flags := s.url(w, free)
	run := func(command string, args ...string) string {
		t.Helper()
		code, output := tranship(t, source, append(append([]string{command}, flags...), args...)...)
		if code != 0 {
			t.Fatalf("%s %v: exit code %d: %s", command, args, code, output)
		}
		return output
	}
	dir := w.file + w.port
	run("cp", "-r", source+"/.", at(dir))
	check(t, filepath.Join(s.roots[w.server], dir), files)
	if lines := strings.Count(run("ls", "-r", at(dir)), "\n"); lines != len(files) {
		t.Errorf("ls lists %d of %d files", lines, len(files))
	}
	target := t.TempDir()
	run("cp", "-r", at(dir), filepath.Join(target, "got"))
	check(t, filepath.Join(target, "got"), files)

	run("cp", at(dir+"/large.bin"), at(dir+"/copy.bin")) // inside the server
	for _, protocol := range []string{"filesrv", "filetransfer"} {
		name := dir + "-" + protocol + ".bin"
		run("cp", "--protocol", protocol, filepath.Join(source, "many-chunks.bin"), at(name))
		if protocol == "filesrv" {
			run("cp", "--protocol", protocol, at(name), filepath.Join(target, protocol))
			if got, err := os.ReadFile(filepath.Join(target, protocol)); err != nil || !bytes.Equal(got, content("many-chunks.bin", files["many-chunks.bin"])) {
				t.Errorf("%s: %d bytes, %v", protocol, len(got), err)
			}
		}
	}
	cmd := built.Command(t.Context(), append(append([]string{"cp"}, flags...), "-", at(dir+"/stdin"))...)
	cmd.Stdin = strings.NewReader("from the standard input")
	code, output := finish(t, cmd)
	succeed(t, code, output)
	if got := run("cp", at(dir+"/stdin"), "-"); got != "from the standard input" {
		t.Errorf("the standard input became %q", got)
	}
	run("mv", at(dir), at(dir+"-moved"))
	run("rm", "-r", at(dir+"-moved"))
	if code, output := tranship(t, source, append(append([]string{"ls"}, flags...), at(dir+"-moved"))...); code != 3 { // not found
		t.Errorf("after rm, ls has exit code %d: %s", code, output)
	}
}

// TestProxyAddresses checks that every proxy replaces what a client claims about its
// address, and that the server takes the address that the proxy reports.
func TestProxyAddresses(t *testing.T) {
	s := newProxySite(t)
	for _, file := range []string{"nginx.conf", "haproxy.cfg", "Caddyfile"} {
		t.Run(file, func(t *testing.T) {
			_, free := s.run(t, file)
			conn, err := grpc.NewClient("127.0.0.1:"+free["8080"], grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-for", "192.0.2.99", "x-forwarded-for", "192.0.2.98")
			// Caddy sometimes loses the trailers of a short answer. The command tries such a
			// call again, and so does this client.
			for range 5 {
				_, err = transhipv1.NewFileServiceClient(conn).Stat(ctx, &transhipv1.StatRequest{Path: "none-" + file})
				if status.Code(err) != codes.Internal {
					break
				}
			}
			if status.Code(err) != codes.NotFound {
				t.Fatal(err)
			}
			for line := range strings.Lines(readFile(t, s.audits["50051"])) {
				// The port of a client is not in the header, so that it is 0.
				if strings.Contains(line, "none-"+file) && !strings.Contains(line, `"peer":"127.0.0.1:0"`) {
					t.Errorf("the client is not the proxy's: %s", line)
				}
			}
		})
	}
	t.Run("passthrough", func(t *testing.T) {
		for _, w := range ways() {
			if w.server != "50053" {
				continue
			}
			_, free := s.run(t, w.file)
			at, flags := s.url(w, free)
			if code, output := tranship(t, t.TempDir(), append(append([]string{"ls"}, flags...), at(""))...); code != 0 {
				t.Errorf("%s: %s", w.file, output)
			}
			if audit := readFile(t, s.audits["50053"]); !strings.Contains(audit, `"principal":"cert:ann"`) {
				t.Errorf("%s: the server does not see the client's certificate: %s", w.file, audit)
			}
			if code, output := tranship(t, t.TempDir(), "ls", "--ca", s.key("ca.crt"), at("")); code == 0 {
				t.Errorf("%s: a client without a certificate: %s", w.file, output)
			}
		}
	})
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestProxyRestart kills each proxy in the middle of a file, up and down, and starts it
// again: the copy continues by itself.
func TestProxyRestart(t *testing.T) {
	const size = 12 << 20
	for _, file := range []string{"nginx.conf", "haproxy.cfg", "Caddyfile"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s := newProxySite(t, "--bandwidth", "4MiB")
			p, free := s.run(t, file)
			at, _ := s.url(way{file, "8080", "50051"}, free)
			source, target := t.TempDir(), t.TempDir()
			create(t, source, map[string]int{"up": size})
			create(t, s.roots["50051"], map[string]int{"down": size})
			for _, step := range []struct {
				args []string
				// begun matches a file that exists once bytes have moved.
				begun string
			}{
				{[]string{"cp", filepath.Join(source, "up"), at("up")}, filepath.Join(s.roots["50051"], ".tranship", "*", "*")},
				{[]string{"cp", at("down"), filepath.Join(target, "down")}, filepath.Join(target, ".*")},
			} {
				before, err := filepath.Glob(step.begun)
				if err != nil {
					t.Fatal(err)
				}
				cp := built.Start(t, step.args...)
				awaitMore(t, cp, step.begun, len(before))
				p.restart(t)
				cp.Succeeds(t, time.Minute)
			}
			check(t, s.roots["50051"], map[string]int{"up": size, "down": size})
			check(t, target, map[string]int{"down": size})
		})
	}
}

// awaitMore waits until more files match a pattern.
func awaitMore(t *testing.T, cp *program.Process, pattern string, before int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ; <-tick.C {
		if now, err := filepath.Glob(pattern); err != nil || len(now) > before {
			return
		}
		if cp.Ended() || time.Since(begun) > 30*time.Second {
			t.Fatalf("%q has not begun: %s", cp.Cmd.Args, cp.Err.String())
		}
	}
}
