package doctor

import (
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship/internal/printable"
)

// headers are the headers of an answer.
type headers struct{ metadata.MD }

// software returns the name of the proxy that has answered, such as "nginx/1.22.1". The server
// itself sends no such header.
func (h headers) software() string {
	for _, key := range []string{"server", "via"} {
		if values := h.Get(key); len(values) > 0 && values[0] != "" {
			return printable.Text(values[0])
		}
	}
	return ""
}

// limit is a limit of proxies that a check can find.
type limit int

const (
	// sizeLimit is the size of a request.
	sizeLimit limit = iota
	// silenceLimit is how long a call may be silent.
	silenceLimit
	// windowLimit is how many bytes of a stream may be on their way.
	windowLimit
	// bufferLimit is that messages wait in a buffer.
	bufferLimit
	// connectionLimit is how long a connection may be idle.
	connectionLimit
)

// setting is what sets a limit in each proxy; "" if nothing does.
type setting struct{ nginx, haproxy, caddy, envoy string }

// settings returns the settings of a limit. docs/proxies.md explains each.
func settings(of limit) setting {
	switch of {
	case sizeLimit:
		return setting{"client_max_body_size 0", "", "request_body max_size", "max_request_bytes of the buffer filter"}
	case silenceLimit:
		return setting{"grpc_read_timeout and client_body_timeout", "timeout server and timeout client", "", "stream_idle_timeout and timeout of the route"}
	case windowLimit:
		return setting{"http2_body_preread_size and client_body_buffer_size", "tune.h2.initial-window-size", "", "initial_stream_window_size"}
	case bufferLimit:
		return setting{"grpc_pass instead of proxy_pass", "no option http-buffer-request", "flush_interval -1 and no request_buffers", "no buffer filter"}
	case connectionLimit:
		return setting{"keepalive_timeout", "timeout client and timeout tunnel", "idle of timeouts", "idle_timeout"}
	}
	return setting{}
}

// advice names the setting of a limit: that of the proxy that has said its name, or those of all.
func (e *examination) advice(of limit) string {
	s := settings(of)
	named := strings.ToLower(e.hop)
	var all []string
	for _, proxy := range []struct{ word, name, setting string }{
		{"nginx", "nginx", s.nginx}, {"haproxy", "haproxy", s.haproxy}, {"caddy", "Caddy", s.caddy}, {"envoy", "Envoy", s.envoy},
	} {
		switch {
		case proxy.setting == "":
		case strings.Contains(named, proxy.word):
			return proxy.name + ": set " + proxy.setting
		default:
			all = append(all, proxy.name+": "+proxy.setting)
		}
	}
	return strings.Join(all, "; ")
}
