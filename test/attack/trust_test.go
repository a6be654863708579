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
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/client"
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
