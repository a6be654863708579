package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/internal/lanes"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// lanePatience is how many times as long as for connecting over gRPC a call waits for a
	// lane, and leastLanePatience how long at least, before it goes over gRPC. Some proxies neither
	// pass lanes nor answer.
	lanePatience, leastLanePatience = 4, 500 * time.Millisecond
)

// laneOptions is what decides whether a client uses lanes, and how it makes them.
type laneOptions struct {
	// dialer is nil if without says why the client uses no lanes.
	dialer  *laneDialer
	without error
	// early is nil unless Options.Prepare is set and the client may use lanes.
	early *earlyLane
}

// newLaneOptions returns the laneOptions of a client. It fails if the address is invalid.
func newLaneOptions(address string, options Options, conns *silentConns) (laneOptions, error) {
	switch {
	case options.Transport == TransportGRPC:
		return laneOptions{without: errGRPCChosen}, nil
	case options.Transport == TransportAuto && len(options.DialOptions) > 0:
		return laneOptions{without: errDialOptions}, nil
	}
	dialer, err := newLaneDialer(address, options, conns)
	if err != nil {
		return laneOptions{}, fmt.Errorf("%w: connecting to %s: %w", tranship.ErrInvalid, address, err)
	}
	chosen := laneOptions{dialer: dialer}
	if options.Prepare {
		chosen.early = newEarlyLane(dialer.dial)
	}
	return chosen, nil
}

// useLanes makes uploads and downloads use lanes, if the options allow it. info is the server's
// description of itself, and connected is how long it took to connect and to get that. It fails only
// if the options require lanes and there are none.
func (c *Client) useLanes(ctx context.Context, address string, options Options, chosen laneOptions, conn *grpc.ClientConn, info *transhipv1.GetServerInfoResponse, renewal renewal, connected time.Duration) error {
	used := &transportUse{report: options.TransportUsed}
	caller := laneCaller{
		used: used, credentials: callCredentials(renewal),
		interceptors: []grpc.StreamClientInterceptor{c.silent.stream, renewal.stream, observedCalls{c.observed}.stream, callMetadata(options.CallMetadata).stream},
	}
	c.connections.lanes = func(conn grpc.ClientConnInterface) grpc.ClientConnInterface {
		caller := caller
		caller.ClientConnInterface = conn
		return caller
	}
	if caller.without = chosen.without; caller.without != nil {
		return nil //nolint:nilerr // calls go over gRPC, and Options.TransportUsed is told why
	}
	dial := chosen.dialer.dial
	if laneInstance(info) == "" {
		chosen.early.close()
	} else if chosen.early != nil {
		dial = chosen.early.take
	}
	required := options.Transport == TransportLanes
	c.lanes = lanes.New(lanes.Options{
		Instance: laneInstance(info),
		Address:  options.preferred.Address,
		Dial:     dial,
		Ask: func(ctx context.Context) (string, error) {
			info, err := c.files.GetServerInfo(ctx, &transhipv1.GetServerInfoRequest{})
			return laneInstance(info), err
		},
		IsDown:   func() bool { return conn.GetState() == connectivity.TransientFailure },
		Required: required,
		Patience: max(leastLanePatience, lanePatience*connected),
		Now:      time.Now,
	})
	caller.lanes, caller.isRequired = c.lanes, required
	if !required {
		if options.Prepare {
			c.lanes.Prepare()
		}
		return nil
	}
	l, err := c.lanes.Get(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return failure.Mark(&LaneError{address, err}, failure.Final)
	}
	c.lanes.Release(l, true)
	return nil
}

// laneInstance returns the instance id of a server's lanes; "" if it has none, or those of a
// version that this client does not know.
func laneInstance(info *transhipv1.GetServerInfoResponse) string {
	if info.GetLanes().GetVersion() != wire.LaneVersion {
		return ""
	}
	return info.GetLanes().GetInstanceId()
}

// hasLanes reports whether the next upload or download would use lanes.
func (c *Client) hasLanes() bool { return c.lanes != nil && c.lanes.Usable() == nil }

// transportUse reports which transport is used when it changes. It is safe for concurrent use.
type transportUse struct {
	// report is Options.TransportUsed. It may be nil.
	report func(used Transport, reason error)

	mu sync.Mutex
	// last is the transport that was reported last, and why the text of its reason.
	last Transport
	why  string
}

// note records the transport of a call, and reports it if it, or its reason, is another one.
// reason is why that is gRPC; nil if it is lanes.
func (u *transportUse) note(reason error) {
	if u.report == nil {
		return
	}
	used, why := TransportLanes, ""
	if reason != nil {
		used, why = TransportGRPC, reason.Error()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last != used || u.why != why {
		u.last, u.why = used, why
		u.report(used, reason)
	}
}
