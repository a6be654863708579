package rpcstatus_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// The ends of the messages of grpc-go about the error pages of proxies.
const (
	nginxData   = "\ndata: \"<html>\\r\\n<head><title>413 Request Entity Too Large</title></head>\\r\\n<body>\\r\\n<center><h1>413 Request Entity Too Large</h1></center>\\r\\n<hr><center>nginx/1.22.1</center>\\r\\n</body>\\r\\n</html>\\r\\n\""
	haproxyData = "\ndata: \"<html><body><h1>503 Service Unavailable</h1>\\nNo server is available to handle this request.\\n</body></html>\\n\""
)

// TestPageText checks the message that a user sees when a proxy answers with a page.
func TestPageText(t *testing.T) {
	const unknown = "not a gRPC server but a proxy or web server answered, with HTTP status "
	for _, test := range []struct {
		code       codes.Code
		text, data string
		want       string
	}{
		{codes.Unavailable, "502 (Bad Gateway)", "", unknown + "502 (Bad Gateway): it does not reach the server, or does not speak HTTP/2 to it (nginx: grpc_pass "},
		{codes.Unimplemented, "404 (Not Found)", "", unknown + "404 (Not Found): it does not pass gRPC calls of this path to a server (nginx: grpc_pass "},
		{codes.Unauthenticated, "401 (Unauthorized)", "", unknown + "401 (Unauthorized): the proxy wants credentials of its own"},
		{codes.PermissionDenied, "403 (Forbidden)", "", unknown + "403 (Forbidden): the proxy, or a firewall before it, forbids the call"},
		{codes.Unknown, "413 (Request Entity Too Large)", "", unknown + "413 (Request Entity Too Large): it limits the size of a request (nginx: client_max_body_size 0; Caddy: request_body max_size; Envoy: max_request_bytes of the buffer filter)"},
		{codes.Unknown, "413 (Request Entity Too Large)", nginxData, "not a gRPC server but nginx answered, with HTTP status 413 (Request Entity Too Large): it limits the size of a request; set client_max_body_size 0"},
		{codes.Unavailable, "504 (Gateway Timeout)", nginxData, "not a gRPC server but nginx answered, with HTTP status 504 (Gateway Timeout): it waited too long for the server's next bytes; set grpc_read_timeout"},
		{codes.Unavailable, "503 (Service Unavailable)", haproxyData, "not a gRPC server but haproxy answered, with HTTP status 503 (Service Unavailable): it has no server that it considers healthy, or limits calls; set the check and maxconn of the backend"},
		{codes.Internal, "400 (Bad Request)", "", unknown + "400 (Bad Request): it does not take gRPC calls, which need HTTP/2, at this address (nginx: listen "},
		{codes.Unknown, "408 (Request Timeout)", "", unknown + "408 (Request Timeout): it waited too long for the client's next bytes (nginx: client_body_timeout; "},
		{codes.Unknown, "415 (Unsupported Media Type)", "", unknown + "415 (Unsupported Media Type): it does not pass gRPC calls "},
		{codes.Unknown, "426 (Upgrade Required)", "", unknown + "426 (Upgrade Required): it does not take gRPC calls, which need HTTP/2, "},
		{codes.Unknown, "431 (Request Header Fields Too Large)", "", unknown + "431 (Request Header Fields Too Large): it limits the size of the headers "},
		{codes.Unavailable, "429 (Too Many Requests)", "", unknown + "429 (Too Many Requests): it limits how often clients call "},
		{codes.Unknown, "599 ()", "", unknown + "599 ()"},
		// The text of an unknown page stays out, whatever it contains.
		{codes.Unknown, "599 ()", "\ndata: \"<html>\\r\\n<title>(x)</title>\"", unknown + "599 ()"},
		{codes.Unknown, "599 ()", ` data: "<html>"`, unknown + "599 ()"},
	} {
		for _, convert := range []func(error) error{rpcstatus.FromError, rpcstatus.FromForeign} {
			err := convert(status.Error(test.code, page(test.text)+test.data))
			exact := !strings.HasSuffix(test.want, " ")
			if got := err.Error(); exact && got != test.want || !strings.HasPrefix(got, test.want) || strings.Contains(got, "html") || strings.ContainsAny(got, "\r\n") {
				t.Errorf("%v: %q, want %q", test.code, got, test.want)
			}
			proxy, ok := errors.AsType[*tranship.ProxyError](err)
			if !ok || proxy.Status == 0 || !strings.Contains(proxy.Error(), proxy.Answer) {
				t.Errorf("%v is a %+v", err, proxy)
			}
		}
	}
}

// TestReset checks that a stream that a proxy reset names the settings that may be the
// cause, and matches what it matched without them.
func TestReset(t *testing.T) {
	err := rpcstatus.FromError(status.Error(codes.Internal, "stream terminated by RST_STREAM with error code: PROTOCOL_ERROR"))
	want := "unavailable: stream terminated by RST_STREAM with error code: PROTOCOL_ERROR: a proxy on the way may have reached a limit of time or size (nginx: client_max_body_size, client_body_timeout, grpc_read_timeout, grpc_send_timeout; haproxy: timeout client, timeout server; Envoy: stream_idle_timeout, timeout of the route)"
	if _, ok := errors.AsType[*tranship.ProxyError](err); !ok || err.Error() != want || !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("%v, want %s", err, want)
	}
	err = rpcstatus.FromError(status.Error(codes.Internal, "server closed the stream without sending trailers"))
	if _, ok := errors.AsType[*tranship.ProxyError](err); !ok || !strings.Contains(err.Error(), "haproxy: timeout client, timeout server") {
		t.Errorf("a stream without a status: %v", err)
	}
	for _, code := range []string{"CANCEL", "REFUSED_STREAM", "ENHANCE_YOUR_CALM", "FLOW_CONTROL_ERROR"} {
		err := rpcstatus.FromError(status.Error(codes.Internal, "stream terminated by RST_STREAM with error code: "+code))
		if proxy, ok := errors.AsType[*tranship.ProxyError](err); ok {
			t.Errorf("%s: %v", code, proxy)
		}
	}
}

// TestEnvoy checks the statuses that Envoy answers gRPC calls with.
func TestEnvoy(t *testing.T) {
	for text, advice := range map[string]string{
		"upstream request timeout": "timeout 0s in the route",
		"upstream connect error or disconnect/reset before headers. reset reason: connection failure": "http2_protocol_options",
		"no healthy upstream":                  "health_checks",
		"upstream max stream duration reached": "max_stream_duration 0s",
	} {
		err := rpcstatus.FromError(status.Error(codes.Unavailable, text))
		proxy, ok := errors.AsType[*tranship.ProxyError](err)
		if !ok || proxy.Proxy != "Envoy" || !strings.HasPrefix(err.Error(), text+": ") || !strings.Contains(err.Error(), advice) || !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("%q became %v", text, err)
		}
	}
}

// TestServerIsNoProxy checks that a server's own statuses, and those of its slots, are
// never a proxy's, whatever their messages.
func TestServerIsNoProxy(t *testing.T) {
	for _, err := range []error{
		rpcstatus.FromError(rpcstatus.Error(&tranship.PathError{Path: "upstream request timeout", Err: tranship.ErrNotFound})),
		rpcstatus.FromProto(rpcstatus.Proto(tranship.ErrUnavailable)),
	} {
		if proxy, ok := errors.AsType[*tranship.ProxyError](err); ok {
			t.Errorf("%v is a %+v", err, proxy)
		}
	}
}
