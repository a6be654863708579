package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/bearer"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// tlsServer serves files at 127.0.0.1 with a certificate that the authority has signed.
func tlsServer(t *testing.T, authority testcert.Pair, clients tls.ClientAuthType) (address string, fingerprint tlsconfig.Fingerprint) {
	t.Helper()
	pair, err := authority.Issue(testcert.Spec{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{
		MinVersion:   tls.VersionTLS13,
		ClientAuth:   clients,
		Certificates: []tls.Certificate{{Certificate: [][]byte{pair.Certificate.Raw}, PrivateKey: pair.Key}},
	}
	options := append(server.GRPCOptions(server.Config{}), grpc.Creds(credentials.NewTLS(config)))
	return storeserver.Mount(t, &mem.Store{}, storeserver.Believing(server.Config{}), options...), tlsconfig.FingerprintOf(pair.Certificate)
}

func newAuthority(t *testing.T) testcert.Pair {
	t.Helper()
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

// dialed connects by Dial and by DialConn, which must agree, and returns their error.
func dialed(t *testing.T, address string, options client.Options) error {
	t.Helper()
	files, err := client.Dial(t.Context(), address, options)
	if err == nil {
		if _, err := files.Put(t.Context(), tranship.Spec{Path: "a"}, []byte("text")); err != nil {
			t.Error(err)
		}
		_ = files.Close()
	}
	conn, connErr := client.DialConn(t.Context(), address, options)
	if connErr == nil {
		_ = conn.Close()
	}
	if (err == nil) != (connErr == nil) {
		t.Errorf("Dial: %v, DialConn: %v", err, connErr)
	}
	return err
}

func TestDialURL(t *testing.T) {
	plain := storeserver.Serve(t, &mem.Store{}, server.Config{})
	port := strings.TrimPrefix(plain, "127.0.0.1")
	for _, address := range []string{
		plain, "grpc://" + plain, "GRPC://" + plain + "/",
		"localhost" + port, "grpc://LocalHost" + port, port, "[::ffff:127.0.0.1]" + port,
	} {
		if err := dialed(t, address, client.Options{}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestDialOwnDialer checks that a dialer of the program gets the address as it was written,
// also one that only the dialer knows.
func TestDialOwnDialer(t *testing.T) {
	plain := storeserver.Serve(t, &mem.Store{}, server.Config{})
	for _, address := range []string{"files.invalid:7", "192.0.2.1:7"} {
		dialer := grpc.WithContextDialer(func(ctx context.Context, to string) (net.Conn, error) {
			if to != address {
				t.Errorf("the dialer is called with %s, want %s", to, address)
			}
			return (&net.Dialer{}).DialContext(ctx, "tcp", plain)
		})
		if err := dialed(t, address, client.Options{DialOptions: []grpc.DialOption{dialer}}); err != nil {
			t.Error(err)
		}
	}
}

// TestDialURLTrusts checks that Trust decides which servers a grpcs:// URL connects to, as
// in the command.
func TestDialURLTrusts(t *testing.T) {
	dir := t.TempDir()
	userConfig(t, dir)
	authority := newAuthority(t)
	ca, _, err := authority.Write(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	address, fingerprint := tlsServer(t, authority, tls.NoClientCert)
	other := fingerprint
	other[0] ^= 1
	hosts := filepath.Join(dir, "hosts")
	for _, step := range []struct {
		name  string
		trust tlsconfig.ClientOptions
		want  error
	}{
		{"nothing", tlsconfig.ClientOptions{}, tranship.ErrUnauthenticated},
		{"authority", tlsconfig.ClientOptions{CAFile: ca}, nil},
		{"fingerprint", tlsconfig.ClientOptions{Fingerprints: []tlsconfig.Fingerprint{fingerprint}}, nil},
		{"other fingerprint", tlsconfig.ClientOptions{Fingerprints: []tlsconfig.Fingerprint{other}}, tranship.ErrUnauthenticated},
		{"no file yet", tlsconfig.ClientOptions{KnownHostsFile: hosts}, tranship.ErrUnauthenticated},
		{"first use", tlsconfig.ClientOptions{KnownHostsFile: hosts, TrustOnFirstUse: true}, nil},
		{"second use", tlsconfig.ClientOptions{KnownHostsFile: hosts}, nil},
		{"still nothing", tlsconfig.ClientOptions{}, tranship.ErrUnauthenticated},
		{"first use, user's file", tlsconfig.ClientOptions{TrustOnFirstUse: true}, nil},
		{"user's file", tlsconfig.ClientOptions{}, nil},
	} {
		if err := dialed(t, "grpcs://"+address, client.Options{Trust: step.trust}); !errors.Is(err, step.want) {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
	}
	name, err := tlsconfig.DefaultKnownHostsFile()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, fmt.Appendf(nil, "%s %v\n", address, other), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = client.Dial(t.Context(), "grpcs://"+address, client.Options{})
	if _, changed := errors.AsType[*tlsconfig.ChangedKeyError](err); !changed {
		t.Errorf("with another key: %v", err)
	}
	_, err = client.Dial(t.Context(), "grpcs://"+address, client.Options{Trust: tlsconfig.ClientOptions{KnownHostsFile: filepath.Join(dir, "none")}})
	if unknown, ok := errors.AsType[*tlsconfig.UnknownServerError](err); !ok || unknown.Fingerprint != fingerprint {
		t.Errorf("unknown: %v", err)
	}
}

// userConfig sets the directory of the user's configuration.
func userConfig(t *testing.T, dir string) {
	switch runtime.GOOS {
	case "windows":
		t.Setenv("AppData", dir)
	case "darwin", "ios":
		t.Setenv("HOME", dir)
	default:
		t.Setenv("XDG_CONFIG_HOME", dir)
	}
}

// TestDialURLShowsCertificate checks that the client presents the certificate of Trust.
func TestDialURLShowsCertificate(t *testing.T) {
	dir, authority := t.TempDir(), newAuthority(t)
	userConfig(t, dir)
	pair, err := authority.Issue(testcert.Spec{Subject: "alice", ClientOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := pair.Write(dir, "alice")
	if err != nil {
		t.Fatal(err)
	}
	address, fingerprint := tlsServer(t, authority, tls.RequireAnyClientCert)
	trust := tlsconfig.ClientOptions{Fingerprints: []tlsconfig.Fingerprint{fingerprint}}
	if err := dialed(t, "grpcs://"+address, client.Options{Trust: trust}); !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("without a certificate: %v", err)
	}
	trust.CertFile, trust.KeyFile = cert, key
	if err := dialed(t, "grpcs://"+address, client.Options{Trust: trust}); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
}

// TestDialTokenFile checks that each call sends the token that the file has at that time.
func TestDialTokenFile(t *testing.T) {
	address, with, _ := tokenServer(t)
	name := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(name, []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := client.Dial(t.Context(), "grpc://"+address, client.Options{TokenFile: name})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	if n := with.Load(); n != 0 {
		t.Errorf("%d calls had a token that the file did not have", n)
	}
	if err := os.WriteFile(name, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Info(t.Context()); err != nil || with.Load() == 0 {
		t.Errorf("%v, %d calls had the token", err, with.Load())
	}
}

// TestDialRefuses checks that Dial refuses options that contradict each other or the URL,
// before it connects, and that its errors name no flags of the command.
func TestDialRefuses(t *testing.T) {
	userConfig(t, t.TempDir())
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("good"), 0o600); err != nil {
		t.Fatal(err)
	}
	trust := func(o tlsconfig.ClientOptions) client.Options { return client.Options{Trust: o} }
	for name, test := range map[string]struct {
		address string
		options client.Options
	}{
		"path":                       {"grpc://127.0.0.1:1/a", client.Options{}},
		"another scheme":             {"http://127.0.0.1:1", client.Options{}},
		"no port":                    {"grpc://127.0.0.1", client.Options{}},
		"TLS in plaintext":           {"grpc://127.0.0.1:1", client.Options{TLS: &tls.Config{}}},
		"authority in plaintext":     {"grpc://127.0.0.1:1", trust(tlsconfig.ClientOptions{CAFile: "a"})},
		"first use in plaintext":     {"grpc://127.0.0.1:1", trust(tlsconfig.ClientOptions{TrustOnFirstUse: true})},
		"certificate in plaintext":   {"127.0.0.1:1", trust(tlsconfig.ClientOptions{CertFile: "a", KeyFile: "b"})},
		"known hosts in plaintext":   {"127.0.0.1:1", trust(tlsconfig.ClientOptions{KnownHostsFile: "a"})},
		"version in plaintext":       {"127.0.0.1:1", trust(tlsconfig.ClientOptions{MinVersion: tls.VersionTLS12})},
		"TLS and trust":              {"grpcs://127.0.0.1:1", client.Options{TLS: &tls.Config{}, Trust: tlsconfig.ClientOptions{CAFile: "a"}}},
		"certificate without key":    {"grpcs://127.0.0.1:1", trust(tlsconfig.ClientOptions{CertFile: "a"})},
		"key without certificate":    {"grpcs://127.0.0.1:1", trust(tlsconfig.ClientOptions{KeyFile: "a"})},
		"fingerprint and authority":  {"grpcs://127.0.0.1:1", trust(tlsconfig.ClientOptions{Fingerprints: make([]tlsconfig.Fingerprint, 1), CAFile: "a"})},
		"fingerprint and first use":  {"grpcs://127.0.0.1:1", trust(tlsconfig.ClientOptions{Fingerprints: make([]tlsconfig.Fingerprint, 1), TrustOnFirstUse: true})},
		"two tokens":                 {"grpc://127.0.0.1:1", client.Options{TokenFile: token, Token: bearer.NewFile(token).Token}},
		"token to another machine":   {"grpc://192.0.2.1:1", client.Options{TokenFile: token}},
		"token to another, no URL":   {"192.0.2.1:1", client.Options{TokenFile: token}},
		"fingerprint in plaintext":   {"grpc://127.0.0.1:1", trust(tlsconfig.ClientOptions{Fingerprints: make([]tlsconfig.Fingerprint, 1)})},
		"fingerprint and known host": {"grpcs://127.0.0.1:1", trust(tlsconfig.ClientOptions{Fingerprints: make([]tlsconfig.Fingerprint, 1), KnownHostsFile: "a"})},
	} {
		if err := dialed(t, test.address, test.options); !errors.Is(err, tranship.ErrInvalid) || strings.Contains(err.Error(), "--") {
			t.Errorf("%s: %v", name, err)
		}
	}
	missing := client.Options{TokenFile: token + ".missing"}
	err := dialed(t, "grpc://127.0.0.1:1", missing)
	if _, ok := errors.AsType[*bearer.FileError](err); !ok || strings.Contains(err.Error(), "--") {
		t.Errorf("missing token file: %v", err)
	}
}
