package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/testing/testcert"
)

// withoutProxies clears the variables of the environment that name proxies.
func withoutProxies(t *testing.T) {
	for _, name := range []string{"http_proxy", "https_proxy", "all_proxy", "no_proxy"} {
		t.Setenv(name, "")
		t.Setenv(strings.ToUpper(name), "")
	}
}

// secureServer serves with a certificate for a name.
func secureServer(t *testing.T, host string) (address string, fingerprint tlsconfig.Fingerprint) {
	t.Helper()
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(testcert.Spec{Hosts: []string{host}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveAt(t, listener, "secure", grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{pair.Certificate.Raw}, PrivateKey: pair.Key}},
	})))
	return listener.Addr().String(), tlsconfig.FingerprintOf(pair.Certificate)
}

// The environment's proxies: HTTPS_PROXY is for grpcs:// only, ALL_PROXY for all URLs,
// NO_PROXY excludes servers, and the proxy resolves the name.
func TestProxyOfEnvironment(t *testing.T) {
	withoutProxies(t)
	secure, fingerprint := secureServer(t, "files.test")
	plain, listeners := listen(t, "127.0.0.1")
	serveAt(t, listeners[0], "plain")
	options := Options{
		Trust:  tlsconfig.ClientOptions{Fingerprints: []tlsconfig.Fingerprint{fingerprint}},
		lookup: plain.lookup,
	}
	_, securePort, _ := net.SplitHostPort(secure)
	encrypted := newProxy(t, secure, "", serveHTTPProxy)
	socks := newProxy(t, secure, "", serveSOCKS)
	everything := newProxy(t, plain.address(), "", serveHTTPProxy)
	everything.server = listeners[0].Addr().String()
	for _, test := range []struct {
		name      string
		variables map[string]string
		url       string
		want      string
	}{
		{"TLS", map[string]string{"HTTPS_PROXY": "http://u:p%40@" + encrypted.Addr().String()}, "grpcs://files.test:443", "CONNECT files.test:443 u:p@"},
		{"lower case first", map[string]string{"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": encrypted.Addr().String()}, "grpcs://files.test:443", "CONNECT files.test:443 :"},
		{"SOCKS", map[string]string{"HTTPS_PROXY": "socks5h://u:p@" + socks.Addr().String()}, "grpcs://files.test:443", "SOCKS files.test u:p"},
		{"all, TLS", map[string]string{"ALL_PROXY": "socks5://" + socks.Addr().String(), "HTTP_PROXY": "http://127.0.0.1:1"}, "grpcs://files.test:443", "SOCKS files.test "},
		{"all, plaintext", map[string]string{"ALL_PROXY": "http://" + everything.Addr().String()}, "grpc://other.test:7", "CONNECT other.test:7 :"},
		{"plaintext", map[string]string{"HTTPS_PROXY": "http://" + encrypted.Addr().String(), "HTTP_PROXY": "http://127.0.0.1:1"}, "grpc://" + plain.address(), ""},
		{"excluded", map[string]string{"ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": "x.test, files.test"}, "grpcs://files.test:" + securePort, ""},
		{"loopback", map[string]string{"ALL_PROXY": "http://127.0.0.1:1"}, "grpc://" + listeners[0].Addr().String(), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.variables {
				t.Setenv(name, value)
			}
			options := options
			if !strings.HasPrefix(test.url, "grpcs:") {
				options.Trust = tlsconfig.ClientOptions{}
			}
			c, err := Dial(t.Context(), test.url, options)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := encrypted.requests() + socks.requests() + everything.requests(); got != test.want {
				t.Errorf("asked the proxies for %q, want %q", got, test.want)
			}
		})
	}
}

// A failure at the proxy names the proxy, the variable and the reason, but no password, and
// is repeated only if it may pass.
func TestProxyFails(t *testing.T) {
	withoutProxies(t)
	const header = "\r\nContent-Length: 100\r\n\r\nno"
	for _, test := range []struct {
		name, answer, want string
		class              failure.Class
	}{
		{"credentials", "HTTP/1.1 407 Proxy Authentication Required" + header, "it refused to connect: 407 Proxy Authentication Required; it wants other credentials", failure.Final},
		{"forbidden", "HTTP/1.1 403 Forbidden" + header, "403 Forbidden; it may allow connections to port 443 only", failure.Final},
		{"unavailable", "HTTP/1.1 503 Service Unavailable" + header, "503 Service Unavailable", failure.Refused},
		{"odd status", "HTTP/1.1 499 \x1b[31m" + strings.Repeat("x", 30000) + header, "it refused to connect: 499", failure.Final},
		{"odd line", "HTTP/1.1 4x9 \x1b[31m" + strings.Repeat("x", 30000) + header, "its answer to CONNECT is not that of an HTTP proxy", failure.Refused},
		{"odd header", "HTTP/1.1 403 Forbidden\r\n\x1b[31m" + strings.Repeat("x", 30000) + header, "its answer to CONNECT is not that of an HTTP proxy", failure.Refused},
		{"closed", "Connection: close", "its answer to CONNECT is not that of an HTTP proxy", failure.Refused},
		{"endless", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 20000), "the headers of its answer to CONNECT are too large", failure.Refused},
		{"page", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>please log in</html>", "through the proxy", failure.Final},
		{"silent", "HTTP/1.1 ", "no answer within 300ms", failure.Refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProxy(t, "", test.answer, serveHTTPProxy)
			t.Setenv("ALL_PROXY", "http://user:secret@"+p.Addr().String())
			_, err := Dial(t.Context(), "grpc://files.test:7", Options{ConnectTimeout: 300 * time.Millisecond})
			if _, ok := errors.AsType[*ConnectError](err); !ok || failure.Of(t.Context(), err) != test.class {
				t.Fatalf("error %v of class %v", err, failure.Of(t.Context(), err))
			}
			if text := err.Error(); len(text) > 1000 || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("the error has %d bytes of the proxy: %.200q", len(text), text)
			}
			for _, part := range []string{test.want, "the proxy http://" + p.Addr().String() + " of ALL_PROXY", "files.test:7"} {
				if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "secret") {
					t.Errorf("%v does not say %q", err, part)
				}
			}
		})
	}
	t.Run("not trusted", func(t *testing.T) {
		p, _ := secureServer(t, "127.0.0.1")
		t.Setenv("ALL_PROXY", "https://"+p)
		_, err := Dial(t.Context(), "grpc://files.test:7", Options{ConnectTimeout: 300 * time.Millisecond})
		if _, ok := errors.AsType[*TunnelError](err); !ok || failure.IsPassing(t.Context(), err) || !strings.Contains(err.Error(), "the proxy https://"+p+" of ALL_PROXY: tls: failed to verify certificate") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("not there", func(t *testing.T) {
		t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
		_, err := Dial(t.Context(), "grpcs://files.test:7", Options{Trust: tlsconfig.ClientOptions{KnownHostsFile: filepath.Join(t.TempDir(), "hosts")}})
		if refused, ok := errors.AsType[*TunnelError](err); err == nil || ok && refused.Status != 0 || !strings.Contains(err.Error(), "the proxy http://127.0.0.1:1 of HTTPS_PROXY: dial tcp 127.0.0.1:1: connect: connection refused") {
			t.Errorf("error %v", err)
		}
	})
}

// URLs that are not those of proxies are refused, and not ignored, without their password.
func TestProxyInvalid(t *testing.T) {
	withoutProxies(t)
	for _, value := range []string{"ftp://user:secret@p:1", "http://user:secret@", "http://user:secret@p:x", "http://user:secret@p:70000", "socks4://user:secret@p", "http://user:secret%zz@p"} {
		t.Setenv("ALL_PROXY", value)
		if _, err := Dial(t.Context(), "grpc://files.test:7", Options{}); !errors.Is(err, tranship.ErrInvalid) || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "ALL_PROXY") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// A program's Proxy replaces the environment, and a token is sent without TLS to no proxy.
func TestProxyOfOptions(t *testing.T) {
	withoutProxies(t)
	n, listeners := listen(t, "127.0.0.1")
	serveAt(t, listeners[0], "plain")
	p := newProxy(t, listeners[0].Addr().String(), "", serveHTTPProxy)
	through := func(string) (*url.URL, error) { return &url.URL{Scheme: "http", Host: p.Addr().String()}, nil }
	direct := func(string) (*url.URL, error) { return nil, nil }
	token := func(context.Context) (string, error) { return "secret", nil }
	for _, test := range []struct {
		name    string
		proxy   func(string) (*url.URL, error)
		token   bool
		want    string
		setting string
	}{
		{"program's", through, false, "CONNECT " + n.address() + " :", ""},
		{"none", direct, false, "", "http://127.0.0.1:1"},
		{"token", through, true, "", ""},
		{"token, environment", nil, true, "", "http://" + p.Addr().String()},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("ALL_PROXY", test.setting)
			options := Options{Proxy: test.proxy, lookup: n.lookup}
			if test.token {
				options.Token = token
			}
			c, err := Dial(t.Context(), n.address(), options)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := p.requests(); got != test.want {
				t.Errorf("asked the proxy for %q, want %q", got, test.want)
			}
		})
	}
}
