package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/testing/loopback"
	filesrvpb "github.com/tranship/tranship/proto/filesrv/v1"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
)

// answering answers every connection with text, some after it has read, and closes it when
// the client does.
func answering(t *testing.T, text string, readFirst bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if readFirst {
					_, _ = conn.Read(make([]byte, 1))
				}
				_, _ = io.WriteString(conn, text)
				if text != "" {
					_, _ = io.Copy(io.Discard, conn)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// What web servers answer to the preface of HTTP/2.
const (
	nginx = "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nContent-Length: 157\r\nConnection: close\r\n\r\n" +
		"<html>\r\n<head><title>400 Bad Request</title></head>\r\n"
	nginxTLS = "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"
	apache   = "HTTP/1.1 400 Bad Request\r\n\r\nReason: You're speaking plain HTTP to an SSL-enabled server port.<br />"
	goTLS    = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
	settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
)

// TestDialForeign checks that Dial fails at once for a server that does not speak gRPC, or has
// other encryption, and that the error names the protocol of the server and the URL scheme that
// may help.
func TestDialForeign(t *testing.T) {
	const plaintext, encrypted = "; perhaps it is a server without TLS, grpc://", "; perhaps it is a server with TLS, grpcs://"
	const either = "; perhaps it is a web server, or wants TLS, grpcs://"
	for name, test := range map[string]struct {
		answer    string
		readFirst bool
		secure    bool
		hint      client.ConnectHint
		want      string
		passing   bool
	}{
		"nginx":                      {nginx, true, false, client.HintHTTP, "it answered in HTTP/1: 400 Bad Request" + either, false},
		"nginx that knows":           {nginxTLS, true, false, client.HintTLS, "it answered in HTTP/1: 400 Bad Request" + encrypted, false},
		"Apache":                     {apache, true, false, client.HintTLS, encrypted, false},
		"Go":                         {goTLS, true, false, client.HintTLS, encrypted, false},
		"OpenSSL":                    {"\x15\x03\x01\x00\x02\x02\x46", true, false, client.HintTLS, "it answered in TLS" + encrypted, false},
		"haproxy, Caddy, gRPC":       {"", true, false, client.HintTLS, encrypted, true},
		"closes at once":             {"", false, false, client.HintTLS, encrypted, true},
		"SSH":                        {"SSH-2.0-OpenSSH_9.9\r\n", false, false, client.HintNone, "it is an SSH server", false},
		"SMTP":                       {"220 mail.example ESMTP\r\n", false, false, client.HintNone, "it answered in another protocol than HTTP/2", false},
		"control characters":         {"HTTP/1.1 400 \x1b[2J\r\n\r\n", true, false, client.HintHTTP, "it answered in HTTP/1" + either, false},
		"TLS, nginx":                 {nginx, true, true, client.HintPlaintext, "it answered in HTTP/1 without TLS" + plaintext, false},
		"TLS, gRPC":                  {settings, false, true, client.HintPlaintext, "it answered in HTTP/2 without TLS" + plaintext, false},
		"TLS, SSH":                   {"SSH-2.0-OpenSSH_9.9\r\n", false, true, client.HintNone, "it is an SSH server", false},
		"TLS, closes at once":        {"", false, true, client.HintPlaintext, plaintext, true},
		"TLS, SMTP":                  {"220 mail.example ESMTP\r\n", false, true, client.HintPlaintext, plaintext, false},
		"TLS, an incomplete header":  {"HTTP", false, true, client.HintNone, "no answer within", true},
		"an answer that is no frame": {"\x00\x00\x00\x01\x00\x00\x00\x00\x00", false, false, client.HintNone, "it answered in another protocol than HTTP/2", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := client.Options{ConnectTimeout: 5 * time.Second}
			if test.secure {
				options.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
			}
			if strings.HasPrefix(test.want, "no answer") {
				options.ConnectTimeout = 200 * time.Millisecond
			}
			address := answering(t, test.answer, test.readFirst)
			_, err := client.Dial(t.Context(), address, options)
			failed, ok := errors.AsType[*client.ConnectError](err)
			if !ok || failed.Hint != test.hint || failed.Address != address || !errors.Is(err, tranship.ErrUnavailable) {
				t.Fatalf("error %v with hint %v", err, failed)
			}
			if !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("%v does not say %q", err, test.want)
			}
			if got := failure.IsPassing(t.Context(), err); got != test.passing {
				t.Errorf("%v may pass: %v", err, got)
			}
		})
	}
}

// TestDialWebServer checks the error of a web server with TLS, with HTTP/1 only and with an
// earlier version of the negotiation.
func TestDialWebServer(t *testing.T) {
	for name, protocols := range map[string][]string{"refuses HTTP/2": {"http/1.1"}, "negotiates nothing": nil} {
		web := httptest.NewUnstartedServer(http.NotFoundHandler())
		web.Config.ErrorLog = log.New(io.Discard, "", 0)
		web.TLS = &tls.Config{NextProtos: protocols}
		web.StartTLS()
		if protocols == nil {
			web.TLS.NextProtos = nil
		}
		defer web.Close()
		config := web.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		_, err := client.Dial(t.Context(), web.Listener.Addr().String(), client.Options{TLS: config})
		if failed, ok := errors.AsType[*client.ConnectError](err); !ok || failed.Hint != client.HintNone || failure.IsPassing(t.Context(), err) || !strings.HasSuffix(err.Error(), "does not offer HTTP/2, which gRPC needs") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDialNamesServices checks that the error of a gRPC server without the native protocol
// lists the services that it has.
func TestDialNamesServices(t *testing.T) {
	bare := loopback.Serve(t, func(grpc.ServiceRegistrar) {})
	other := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) {
		transferpb.RegisterFileServiceServer(registrar, &transferpb.UnimplementedFileServiceServer{})
		filesrvpb.RegisterFileSrvServer(registrar, &filesrvpb.UnimplementedFileSrvServer{})
		reflection.RegisterV1(registrar.(*grpc.Server))
	})
	for address, want := range map[string]string{bare: "tranship.v1.FileService", other: "tranship.v1.FileService, but FileSrv, FileTransfer.FileService"} {
		_, err := client.Dial(context.Background(), address, client.Options{})
		if found, ok := errors.AsType[*client.ServiceError](err); !ok || !errors.Is(err, tranship.ErrUnsupported) || found.Address != address || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v, want the services %q", err, want)
		}
	}
}
