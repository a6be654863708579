package client

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// useLanes makes uploads and downloads use lanes, if the options allow it and the server has
// them. It fails only if they are required.
func (c *Client) useLanes(ctx context.Context, address string, options Options, info *transhipv1.GetServerInfoResponse, renewal renewal) error {
	required := options.Transport == TransportLanes
	switch {
	case options.Transport < TransportAuto || options.Transport > TransportGRPC:
		return &tranship.InvalidError{Field: "transport", Rule: fmt.Sprintf("%d is not one of TransportAuto, TransportLanes and TransportGRPC", options.Transport)}
	case options.Transport == TransportGRPC, !required && len(options.DialOptions) > 0:
		return nil
	case laneInstance(info) == "" && required:
		return &LaneError{address, errNoLanes}
	case laneInstance(info) == "":
		return nil
	}
	way, err := newLaneRoute(address, options, c.silent)
	if err != nil {
		return fmt.Errorf("%w: connecting to %s: %w", tranship.ErrInvalid, address, err)
	}
	c.lanes = &lanePool{
		route: way, required: required, instance: laneInstance(info), all: map[*pooledLane]struct{}{}, now: time.Now,
		askInstance: func(ctx context.Context) (string, error) {
			info, err := c.files.GetServerInfo(ctx, &transhipv1.GetServerInfoRequest{})
			return laneInstance(info), err
		},
	}
	caller := laneCaller{
		pool: c.lanes, credentials: callCredentials(renewal),
		interceptors: []grpc.StreamClientInterceptor{c.silent.stream, renewal.stream, observedCalls{c.observed}.stream},
	}
	c.connections.lanes = func(conn grpc.ClientConnInterface) grpc.ClientConnInterface {
		caller := caller
		caller.ClientConnInterface = conn
		return caller
	}
	if !required {
		return nil
	}
	l, err := c.lanes.get(ctx)
	if err != nil {
		return &LaneError{address, err}
	}
	c.lanes.put(l, true)
	return nil
}

// laneInstance returns the instance id of lanes that this client knows; "" if there are none.
func laneInstance(info *transhipv1.GetServerInfoResponse) string {
	if info.GetLanes().GetVersion() != laneVersion {
		return ""
	}
	return info.GetLanes().GetInstanceId()
}
