package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/tranship/tranship/client/internal/lanes"
	"github.com/tranship/tranship/client/internal/route"
	"github.com/tranship/tranship/internal/bufferpool"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/tlstransport"
	"github.com/tranship/tranship/internal/wire"
)

const (
	// laneConnectTime is how long a connection for a lane may take, with the handshake of TLS,
	// and laneAnswerTime how long its server may take to answer then.
	laneConnectTime, laneAnswerTime = 2 * time.Second, 2 * time.Second
)

// errLaneProtocol is the error of a lane to a program that does not speak the protocol of lanes.
var errLaneProtocol = errors.New("the program at the address of the server does not speak the protocol of lanes")

// laneSilence is the error of a lane whose server has not answered in time.
type laneSilence struct{}

// Error implements error.
func (laneSilence) Error() string { return fmt.Sprintf("no answer came within %v", laneAnswerTime) }

// Is makes the error match context.DeadlineExceeded.
func (laneSilence) Is(target error) bool { return target == context.DeadlineExceeded }

// laneDialer makes lanes to a server by the rules for connections of gRPC. It is safe for
// concurrent use.
type laneDialer struct {
	way        *route.Route
	handshakes handshakes
	maxMessage int
	buffers    bufferpool.Pool
}

// newLaneDialer returns a dialer of lanes to the server at address. It fails if the address is
// invalid.
func newLaneDialer(address string, options Options, conns *silentConns) (*laneDialer, error) {
	h := newHandshakes(options, conns)
	h.protocol = lane.Protocol
	way, err := route.New(address, route.Options{
		LocalOnly: h.localOnly, Proxy: h.proxy, Lookup: options.lookup, PeerTimeout: h.peerTimeout, Preferred: options.preferred,
	})
	return &laneDialer{way: way, handshakes: h, maxMessage: cmp.Or(options.MaxMessageBytes, wire.DefaultMaxMessageBytes)}, err
}

// dial makes a lane to the server by one address, that of the server or of its proxy. It takes
// at most laneConnectTime and laneAnswerTime together.
func (d *laneDialer) dial(ctx context.Context, to netip.AddrPort) (*lanes.Lane, error) {
	if !to.IsValid() {
		return nil, errors.New("the address of the server is not known")
	}
	connecting, cancel := context.WithTimeout(ctx, laneConnectTime)
	defer cancel()
	raw, err := d.way.Dial(connecting, to)
	if err != nil {
		return nil, err
	}
	secured, info, err := d.handshakes.encrypt(connecting, d.way.Authority(), raw)
	if errors.Is(err, tlstransport.ErrProtocol) || isAlertOf(err, alertNoApplicationProtocol) {
		err = errLaneProtocol
	}
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	answering, cancel := context.WithTimeoutCause(ctx, laneAnswerTime, laneSilence{})
	defer cancel()
	conn, err := lane.Dial(answering, secured, lane.Options{
		MaxMessageBytes: d.maxMessage,
		Codec:           payload.Codec{MaxFields: wire.MaxFields},
		Pool:            &d.buffers,
	})
	if _, foreign := errors.AsType[*lane.ProtocolError](err); foreign {
		err = errLaneProtocol
	}
	if err != nil {
		_ = secured.Close()
		return nil, err
	}
	made := &lanes.Lane{Conn: conn, Info: info}
	if linked, ok := info.(linkInfo); ok {
		made.IsOutdated = linked.link.closeOutdated
	}
	return made, nil
}
