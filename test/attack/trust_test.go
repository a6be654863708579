//go:build linux

package attack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/program"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestRemovedAuthority removes the authority of a connected client from --client-ca: its
// calls are refused, and its streams end.
func TestRemovedAuthority(t *testing.T) {
	t.Parallel()
	s := prepareSite(t)
	kept, removed := newAuthority(t, "the authority"), newAuthority(t, "the authority")
	keys := t.TempDir()
	cert, key := writePEM(t, keys, "server", kept.server(t))
	clientCA, _ := writePEM(t, keys, "clients", tls.Certificate{Certificate: [][]byte{kept.certificate.Raw}})
	both, err := os.ReadFile(clientCA)
	if err != nil {
		t.Fatal(err)
	}
	one, _ := writePEM(t, keys, "removed", tls.Certificate{Certificate: [][]byte{removed.certificate.Raw}})
	other, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	write := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(clientCA, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(append(both, other...))
	with := func(certificate tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: kept.pool(), Certificates: []tls.Certificate{certificate}, ServerName: "127.0.0.1"}
	}
	s.healthy = client.Options{TLS: with(kept.client(t, "bob", nil))}
	s.start(t, "--tls-cert", cert, "--tls-key", key, "--client-ca", clientCA)

	conn := s.dial(t, grpc.WithTransportCredentials(credentials.NewTLS(with(removed.client(t, "alice", nil)))))
	files := transhipv1.NewFileServiceClient(conn)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stat := func() codes.Code {
		_, err := files.Stat(ctx, &transhipv1.StatRequest{Path: "file"})
		return status.Code(err)
	}
	if code := stat(); code != codes.OK {
		t.Fatalf("before: %v", code)
	}
	stream, err := files.Upload(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
		Slot: 1, Mode: transhipv1.Begin_MODE_NEW, Path: "alice",
	}}}); err != nil {
		t.Fatal(err)
	}
	if reply, err := stream.Recv(); err != nil || reply.GetBegun() == nil {
		t.Fatalf("%v, %v", reply, err)
	}

	write(both)
	if _, err := stream.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a stream that is open: %v", err)
	}
	if code := stat(); code != codes.Unauthenticated {
		t.Errorf("a connection that is open: %v", code)
	}
	if err := s.asks(t, s.healthy.TLS); err != nil {
		t.Errorf("another authority's client: %v", err)
	}
	s.unchanged(t)
}

// TestCommonNameIsNoURI checks that the rights of a URI are given only to certificates
// that have it as a URI.
func TestCommonNameIsNoURI(t *testing.T) {
	t.Parallel()
	s := prepareSite(t)
	ca := newAuthority(t, "the authority")
	keys := t.TempDir()
	cert, key := writePEM(t, keys, "server", ca.server(t))
	clientCA, _ := writePEM(t, keys, "ca", tls.Certificate{Certificate: [][]byte{ca.certificate.Raw}})
	with := func(name string, uris ...string) *tls.Config {
		certificate := ca.client(t, name, func(c *x509.Certificate) {
			for _, text := range uris {
				uri, err := url.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				c.URIs = append(c.URIs, uri)
			}
		})
		return &tls.Config{RootCAs: ca.pool(), Certificates: []tls.Certificate{certificate}, ServerName: "127.0.0.1"}
	}
	s.write(t, "rules", "allow \"cert:urn:dept:admin\" read,write,delete,list /\nallow cert:alice read,list /\n")
	s.healthy = client.Options{TLS: with("x", "urn:dept:admin")}
	s.start(t, "--tls-cert", cert, "--tls-key", key, "--client-ca", clientCA, "--policy", filepath.Join(s.dir, "rules"))
	for what, test := range map[string]struct {
		config *tls.Config
		code   codes.Code
	}{
		"the URI":                    {with("x", "urn:dept:admin"), codes.OK},
		"the URI in capitals":        {with("x", "URN:dept:admin"), codes.OK},
		"a plain name":               {with("alice"), codes.OK},
		"a common name":              {with("urn:dept:admin"), codes.Unauthenticated},
		"a common name in capitals":  {with("URN:dept:admin"), codes.Unauthenticated},
		"a common name with a blank": {with("alice "), codes.Unauthenticated},
		"a relative URI":             {with("x", "alice"), codes.Unauthenticated},
		"another URI":                {with("urn:dept:admin", "urn:dept:eve"), codes.NotFound},
		"a URI that is the second":   {with("x", "urn:dept:eve", "urn:dept:admin"), codes.NotFound},
	} {
		if code := status.Code(s.asks(t, test.config)); code != test.code {
			t.Errorf("%s: %v, want %v", what, code, test.code)
		}
	}
	s.unchanged(t)
}

// TestConfigurationOfOthers starts servers with files that other users can change or
// replace.
func TestConfigurationOfOthers(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "the authority")
	for _, file := range []string{"tokens", "rules", "ca.pem", "server.pem", "server-key.pem"} {
		for what, spoil := range map[string]func(dir, name string) error{
			"a mode of 0666":           func(_, name string) error { return os.Chmod(name, 0o666) },
			"a mode of 0620":           func(_, name string) error { return os.Chmod(name, 0o620) },
			"an open directory":        func(dir, _ string) error { return os.Chmod(dir, 0o777) },
			"a directory of its group": func(dir, _ string) error { return os.Chmod(dir, 0o775) },
			"another user's file":      func(_, name string) error { return os.Lchown(name, 65534, 65534) },
			"another user's directory": func(dir, _ string) error { return os.Lchown(dir, 65534, 65534) },
		} {
			if strings.HasPrefix(what, "another user's") && os.Getuid() != 0 {
				continue
			}
			good, dir := t.TempDir(), t.TempDir()
			writePEM(t, good, "server", ca.server(t))
			writePEM(t, good, "ca", tls.Certificate{Certificate: [][]byte{ca.certificate.Raw}})
			newToken(t, filepath.Join(good, "tokens"), "alice")
			if err := os.WriteFile(filepath.Join(good, "rules"), []byte("allow * read /\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			where := func(name string) string {
				if name == file {
					return filepath.Join(dir, name)
				}
				return filepath.Join(good, name)
			}
			if err := os.Rename(filepath.Join(good, file), where(file)); err != nil {
				t.Fatal(err)
			}
			if err := spoil(dir, where(file)); err != nil {
				t.Fatal(err)
			}
			output, err := built.Command(testContext(t), "serve", "--root", filepath.Join(good, "root"), "--listen", "127.0.0.1:0",
				"--tokens", where("tokens"), "--policy", where("rules"),
				"--tls-cert", where("server.pem"), "--tls-key", where("server-key.pem"), "--client-ca", where("ca.pem")).CombinedOutput()
			exit, ok := err.(*exec.ExitError)
			if !ok || exit.ExitCode() != 1 || !strings.Contains(string(output), where(file)+": ") {
				t.Errorf("%s, %s: the server does not refuse it: %v\n%s", file, what, err, output)
			}
		}
	}
}

// TestOneServersToken uses two servers in one command: neither gets the token of the
// other.
func TestOneServersToken(t *testing.T) {
	t.Parallel()
	s := prepareSite(t)
	tokens := filepath.Join(t.TempDir(), "tokens")
	token := newToken(t, tokens, "alice")
	s.healthy = as(token)
	s.start(t, "--tokens", tokens)
	file := filepath.Join(t.TempDir(), "alice")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	calls, shown := 0, 0
	other := loopback.Serve(t, func(grpc.ServiceRegistrar) {}, grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if incoming, _ := metadata.FromIncomingContext(stream.Context()); len(incoming.Get("authorization")) > 0 {
			shown++
		}
		return status.Error(codes.Unimplemented, "not implemented")
	}))
	ours, theirs := "grpc://"+s.address, "grpc://"+other
	for _, test := range []struct {
		flags, variable string
		args            []string
		refused         bool
	}{
		{"--token-file=" + file, "", []string{"cp", ours + "/file", theirs + "/x"}, true},
		{"--token-file=" + file, "", []string{"cp", theirs + "/x", ours + "/y"}, true},
		{"--token-file=" + file, "", []string{"cp", "--protocol", "filesrv", ours + "/file", theirs + "/x"}, true},
		{"--token-file=" + file, "", []string{"ls", ours + "/", theirs + "/"}, true},
		{"--token-file=" + file, "", []string{"stat", ours + "/file", theirs + "/x"}, true},
		{"--token-file=" + file, "", []string{"rm", ours + "/none", theirs + "/x"}, true},
		{"", token, []string{"cp", ours + "/file", theirs + "/x"}, true},
		{"", token, []string{"ls", ours + "/", theirs + "/"}, true},
		{"--token-file=" + s.address + "=" + file, "", []string{"cp", ours + "/file", theirs + "/x"}, false},
		{"--token-file=" + s.address + "=" + file, token, []string{"ls", ours + "/", theirs + "/"}, false},
		{"", s.address + "=" + token, []string{"ls", ours + "/", theirs + "/"}, false},
	} {
		args := test.args
		if test.flags != "" {
			args = append([]string{args[0], test.flags}, args[1:]...)
		}
		cmd := built.Command(testContext(t), args...)
		cmd.Env = append(cmd.Env, "TRANSHIP_TOKEN="+test.variable)
		mu.Lock()
		before := calls
		mu.Unlock()
		output, _ := cmd.CombinedOutput()
		mu.Lock()
		if refused := cmd.ProcessState.ExitCode() == 2; refused != test.refused || refused != (calls == before) || shown > 0 {
			t.Errorf("%q: exit code %d, %d calls, %d with a token: %s", args, cmd.ProcessState.ExitCode(), calls-before, shown, output)
		}
		mu.Unlock()
		if strings.Contains(string(output), token) {
			t.Errorf("%q: the token is printed", args)
		}
	}
	s.unchanged(t)
}

// TestTokenRotation replaces a token during a copy, and then revokes the old one.
func TestTokenRotation(t *testing.T) {
	t.Parallel()
	s := prepareSite(t)
	tokens := filepath.Join(t.TempDir(), "tokens")
	s.healthy = as(newToken(t, tokens, "healthy"))
	first := newToken(t, tokens, "alice")
	file := filepath.Join(t.TempDir(), "alice")
	write := func(token string) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write(first)
	source := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(source, []byte(strings.Repeat("0123456789abcdef", 1<<21)), 0o600); err != nil {
		t.Fatal(err)
	}
	// The rate is limited so that the copy takes longer than the ten seconds between
	// checks of streams.
	s.start(t, "--tokens", tokens, "--bandwidth", "2MiB")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	copying := built.Command(ctx, "cp", "--token-file", file, source, "grpc://"+s.address+"/"+many+"/large")
	var output program.Output
	copying.Stderr = &output
	if err := copying.Start(); err != nil {
		t.Fatal(err)
	}
	uploading := s.dial(t, grpc.WithPerRPCCredentials(bearer(first)))
	s.until(t, "the copy is under way", func() bool {
		stream, err := transhipv1.NewFileServiceClient(uploading).ListUploads(ctx, &transhipv1.ListUploadsRequest{})
		if err != nil {
			return false
		}
		reply, err := stream.Recv()
		return err == nil && len(reply.GetUploads()) > 0
	})
	second := built.Command(ctx, "token", "new", "--file", tokens, "--name", "alice")
	made, err := second.Output()
	if err != nil {
		t.Fatal(err)
	}
	write(strings.TrimSpace(string(made)))
	revokeFirst(t, tokens)
	if err := copying.Wait(); err != nil {
		t.Errorf("the copy: %v\n%s", err, output.String())
	}
	if !strings.Contains(s.process.Err.String(), "call refused") {
		t.Error("no stream was ended")
	}
	if got, err := os.ReadFile(filepath.Join(s.root, many, "large")); err != nil || len(got) != 32<<20 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	s.unchanged(t)
}

// revokeFirst removes the first token of alice from a file.
func revokeFirst(t testing.TB, tokens string) {
	t.Helper()
	content, err := os.ReadFile(tokens)
	if err != nil {
		t.Fatal(err)
	}
	var rest []string
	gone := false
	for _, line := range strings.Split(string(content), "\n") {
		if !gone && strings.Contains(line, " alice ") {
			gone = true
			continue
		}
		rest = append(rest, line)
	}
	if err := os.WriteFile(tokens, []byte(strings.Join(rest, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}
