package rpcstatus

import (
	"regexp"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
)

// The names of proxies that this package recognizes by their answers.
const (
	proxyNginx   = "nginx"
	proxyHAProxy = "haproxy"
	proxyEnvoy   = "Envoy"
)

// proxyError returns the error for a status that a proxy made, or that a proxy's reset of
// a stream caused; nil if the status does not look like that. cause is the error that the
// status stands for. The caller knows that no server of this project made the status.
func proxyError(s *status.Status, cause error) error {
	text := s.Message()
	if code := httpStatus(text); code != 0 {
		proxy := signature(text)
		return &tranship.ProxyError{
			Proxy:  proxy,
			Status: code,
			Answer: "HTTP status " + strings.TrimPrefix(page.FindString(text), pagePrefix),
			Advice: pageAdvice(code).text(proxy),
			Err:    cause,
		}
	}
	if envoy := envoyAdvice(text); envoy != "" && s.Code() != codes.OK {
		return &tranship.ProxyError{Proxy: proxyEnvoy, Answer: text, Advice: envoy, Err: cause}
	}
	if isReset(text) {
		return &tranship.ProxyError{Answer: text, Advice: resetAdvice.text(""), Err: cause}
	}
	return nil
}

// isReset recognizes grpc-go's messages about a stream that the other end reset, for a
// reason that neither refuses nor cancels the call, or ended without a status. A gRPC
// server ends a call with a status, so that a proxy is the likely cause.
func isReset(text string) bool {
	if text == "server closed the stream without sending trailers" { // haproxy, at a timeout
		return true
	}
	code, found := strings.CutPrefix(text, "stream terminated by RST_STREAM with error code: ")
	switch code {
	case "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "CONNECT_ERROR", "HTTP_1_1_REQUIRED":
		return found
	}
	return false
}

// nginxPage and haproxyPage match what the error pages of nginx and haproxy have in common,
// as grpc-go quotes them.
var (
	nginxPage   = regexp.MustCompile(`<center>(?:nginx|openresty)(?:/[0-9.]+)?</center>`)
	haproxyPage = regexp.MustCompile(`<html><body><h1>[0-9]{3} [A-Za-z -]+</h1>\\n(?:No server is available|The server (?:didn't|returned)|Your browser|Request forbidden|Invalid request|An internal|You have sent)`)
)

// signature returns the name of the proxy that made a page; "" if it is unknown.
func signature(text string) string {
	switch {
	case nginxPage.MatchString(text):
		return proxyNginx
	case haproxyPage.MatchString(text):
		return proxyHAProxy
	}
	return ""
}

// advice is what usually causes an answer of a proxy, and the settings that change it.
type advice struct {
	cause string
	// Settings of each proxy; "" if there is none.
	nginx, haproxy, caddy, envoy string
}

// text returns the advice for a proxy; for an unknown one, it has the settings of all.
func (a advice) text(proxy string) string {
	var settings []string
	for _, of := range []struct{ proxy, setting string }{
		{proxyNginx, a.nginx}, {proxyHAProxy, a.haproxy}, {"Caddy", a.caddy}, {proxyEnvoy, a.envoy},
	} {
		switch {
		case of.setting == "":
		case proxy == of.proxy:
			return a.cause + "; set " + of.setting
		case proxy == "":
			settings = append(settings, of.proxy+": "+of.setting)
		}
	}
	if len(settings) == 0 {
		return a.cause
	}
	return a.cause + " (" + strings.Join(settings, "; ") + ")"
}

// resetAdvice is for a stream that a proxy reset.
var resetAdvice = advice{
	cause:   "a proxy on the way may have reached a limit of time or size",
	nginx:   "client_max_body_size, client_body_timeout, grpc_read_timeout, grpc_send_timeout",
	haproxy: "timeout client, timeout server",
	envoy:   "stream_idle_timeout, timeout of the route",
}

// pageAdvice returns the advice for an HTTP status.
func pageAdvice(code int) advice {
	switch code {
	case 401, 407:
		return advice{cause: "the proxy wants credentials of its own"}
	case 403:
		return advice{cause: "the proxy, or a firewall before it, forbids the call"}
	case 404, 405, 415, 501:
		return advice{
			cause: "it does not pass gRPC calls of this path to a server",
			nginx: "grpc_pass for location /", haproxy: "default_backend with proto h2",
			caddy: "reverse_proxy h2c://…", envoy: "a route for prefix /",
		}
	case 400, 421, 426, 505:
		return advice{
			cause: "it does not take gRPC calls, which need HTTP/2, at this address",
			nginx: "listen … http2", haproxy: "bind … alpn h2, or proto h2", caddy: "protocols h2c h2", envoy: "http2_protocol_options",
		}
	case 408:
		return advice{
			cause: "it waited too long for the client's next bytes",
			nginx: "client_body_timeout", haproxy: "timeout client and timeout http-request", envoy: "request_timeout and stream_idle_timeout",
		}
	case 411, 413:
		return advice{
			cause: "it limits the size of a request",
			nginx: "client_max_body_size 0", caddy: "request_body max_size", envoy: "max_request_bytes of the buffer filter",
		}
	case 414, 431, 494:
		return advice{
			cause: "it limits the size of the headers of a call",
			nginx: "large_client_header_buffers", haproxy: "tune.bufsize", envoy: "max_request_headers_kb",
		}
	case 429:
		return advice{cause: "it limits how often clients call", nginx: "limit_req", haproxy: "stick-table", envoy: "the rate limit filter"}
	case 502:
		return advice{
			cause: "it does not reach the server, or does not speak HTTP/2 to it",
			nginx: "grpc_pass to the address of a running server, grpcs:// if that has TLS", haproxy: "server … proto h2, with ssl alpn h2 for TLS",
			caddy: "reverse_proxy h2c://… to a running server", envoy: "http2_protocol_options of the cluster",
		}
	case 503:
		return advice{
			cause: "it has no server that it considers healthy, or limits calls",
			nginx: "limit_req and limit_conn", haproxy: "the check and maxconn of the backend", envoy: "health_checks and circuit_breakers",
		}
	case 504:
		return advice{
			cause: "it waited too long for the server's next bytes",
			nginx: "grpc_read_timeout", haproxy: "timeout server", envoy: "timeout 0s of the route, and stream_idle_timeout",
		}
	}
	return advice{}
}

// envoyAdvice returns the advice for a message of Envoy, which answers gRPC calls with
// statuses of gRPC; "" for any other message.
func envoyAdvice(text string) string {
	for _, of := range []struct{ prefix, advice string }{
		{"upstream request timeout", "a timeout of the proxy ended the call; set timeout 0s in the route"},
		{"stream timeout", "a timeout of the proxy ended the call; set stream_idle_timeout above the longest pause"},
		{"upstream max stream duration reached", "a timeout of the proxy ended the call; set max_stream_duration 0s"},
		{"response timeout", "a timeout of the proxy ended the call; set timeout 0s in the route"},
		{"upstream connect error", "the proxy does not reach the server; check the address, and http2_protocol_options, of its cluster"},
		{"no healthy upstream", "the proxy has no server that it considers healthy; check the health_checks of its cluster"},
		{"Payload Too Large", "the proxy limits the size of a request; remove the buffer filter"},
	} {
		if strings.HasPrefix(text, of.prefix) {
			return of.advice
		}
	}
	return ""
}
