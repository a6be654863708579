package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/net/http2"
)

const (
	// slowWindow is the rate, in bytes a second, below which the window of a stream is too small
	// for the link, and smallWindow the window, in bytes, that is worth a note.
	slowWindow  = 50e6
	smallWindow = 256 << 10
	// fewStreams is how many calls at a time are few for a client that moves many files.
	fewStreams = 16
	// smallHeaders is the limit of headers, in bytes, that long tokens exceed.
	smallHeaders = 16 << 10
	// shortRoundTrip is that of a network within a building: no window limits calls there.
	shortRoundTrip = time.Millisecond
	// pings is how often the round trip is timed. The shortest counts.
	pings = 3
)

// terms are what the other end of a connection allows a client, and how fast it answers.
type terms struct {
	// window is how many bytes of one stream may be on their way. That of a whole connection does
	// not tell anything: some proxies raise it with the first bytes.
	window int64
	// streams and headers are the limits of calls at a time and of the headers of one, in bytes; 0
	// means unlimited.
	streams, headers uint32
	roundTrip        time.Duration
}

// link is a connection of HTTP/2 without calls.
type link struct {
	conn   net.Conn
	framer *http2.Framer
	// sent counts the pings.
	sent byte
	// patience is how long an answer may take.
	patience time.Duration
}

// dialLink connects to the server by its first address.
func (e *examination) dialLink(ctx context.Context) (*link, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", e.addresses[0].String())
	if err != nil {
		return nil, err
	}
	if e.Client.TLS != nil {
		config := e.Client.TLS.Clone()
		config.NextProtos = []string{http2.NextProtoTLS}
		host, _, err := net.SplitHostPort(e.Address)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		setServerName(config, host)
		secured := tls.Client(conn, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = secured
	}
	l := &link{conn: conn, framer: http2.NewFramer(conn, conn), patience: e.Patience}
	if _, err = io.WriteString(conn, http2.ClientPreface); err == nil {
		err = l.framer.WriteSettings()
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return l, nil
}

// errGoingAway is the error of a connection that the other end has closed in an orderly way.
var errGoingAway = errors.New("the other end closed the connection")

// ping sends a ping, and returns what the other end has said when the answer comes.
func (l *link) ping(ctx context.Context, known terms) (terms, error) {
	deadline := time.Now().Add(l.patience)
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(deadline) {
		deadline = earlier
	}
	if err := l.conn.SetDeadline(deadline); err != nil {
		return known, err
	}
	l.sent++
	mine := [8]byte{7: l.sent}
	begun := time.Now()
	if err := l.framer.WritePing(false, mine); err != nil {
		return known, fmt.Errorf("%w: %w", errGoingAway, err)
	}
	for {
		frame, err := l.framer.ReadFrame()
		if ended, ok := errors.AsType[net.Error](err); err != nil && (!ok || !ended.Timeout()) {
			return known, fmt.Errorf("%w: %w", errGoingAway, err)
		}
		if err != nil {
			return known, err
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			err = l.settle(frame, &known)
		case *http2.PingFrame:
			if frame.IsAck() && frame.Data == mine {
				known.roundTrip = time.Since(begun)
				return known, nil
			}
			if !frame.IsAck() {
				err = l.framer.WritePing(true, frame.Data)
			}
		case *http2.GoAwayFrame:
			return known, fmt.Errorf("%w: %v", errGoingAway, frame.ErrCode)
		}
		if err != nil {
			return known, fmt.Errorf("%w: %w", errGoingAway, err)
		}
	}
}

// settle takes the settings of the other end, and acknowledges them.
func (l *link) settle(frame *http2.SettingsFrame, known *terms) error {
	if frame.IsAck() {
		return nil
	}
	for _, of := range []struct {
		id  http2.SettingID
		set func(uint32)
	}{
		{http2.SettingInitialWindowSize, func(v uint32) { known.window = int64(v) }},
		{http2.SettingMaxConcurrentStreams, func(v uint32) { known.streams = v }},
		{http2.SettingMaxHeaderListSize, func(v uint32) { known.headers = v }},
	} {
		if value, ok := frame.Value(of.id); ok {
			of.set(value)
		}
	}
	return l.framer.WriteSettingsAck()
}

// defaultTerms are those of an end that says nothing. RFC 9113, section 6.5.2.
func defaultTerms() terms { return terms{window: 65535} }

// http2 reports what the other end of an HTTP/2 connection allows.
func (e *examination) http2(ctx context.Context) {
	if e.isTunneled || len(e.addresses) == 0 {
		e.report(checkHTTP2, Note, "", "not examined: connections go through a proxy of the environment")
		return
	}
	asking, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	l, err := e.dialLink(asking)
	if err != nil {
		e.problem(ctx, checkHTTP2, "a second connection", err)
		return
	}
	defer l.conn.Close()
	found := defaultTerms()
	for i := 0; i < pings && err == nil; i++ {
		before := found.roundTrip
		found, err = l.ping(asking, found)
		if i > 0 {
			found.roundTrip = min(found.roundTrip, before)
		}
	}
	if err != nil {
		e.report(checkHTTP2, Warning, "let the proxy answer HTTP/2 pings", "no answer to an HTTP/2 ping: %v; programs that ping to find dead connections lose good ones", err)
		return
	}
	e.roundTrip = found.roundTrip
	e.terms(found)
}

// terms reports what is too small.
func (e *examination) terms(found terms) {
	rate := float64(found.window) / max(found.roundTrip.Seconds(), shortRoundTrip.Seconds())
	text := fmt.Sprintf("%d bytes of a call may be on their way", found.window)
	if found.roundTrip >= shortRoundTrip {
		text += fmt.Sprintf(": at a round trip of %v, one call sends at most %.0f MB/s", round(found.roundTrip), rate/1e6)
	}
	switch {
	case rate < slowWindow && !e.lanesWork:
		e.report(checkHTTP2, Warning, e.advice(windowLimit), "%s", text)
	case rate < slowWindow || found.window < smallWindow:
		e.report(checkHTTP2, Note, e.advice(windowLimit), "%s; on longer links it is slower over gRPC", text)
	default:
		e.report(checkHTTP2, Good, "", "%s", text)
	}
	if found.streams > 0 && found.streams < fewStreams {
		e.report(checkHTTP2, Warning, "nginx: http2_max_concurrent_streams; haproxy: tune.h2.max-concurrent-streams; at a server: --max-streams", "only %d calls of a connection go on at a time", found.streams)
	}
	if found.headers > 0 && found.headers < smallHeaders {
		e.report(checkHTTP2, Note, "nginx: large_client_header_buffers; haproxy: tune.bufsize; at a server: --max-header-size", "the headers of a call may have %d bytes: long tokens do not fit", found.headers)
	}
}
