package client

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// ServerInfo is a server's description of itself.
type ServerInfo struct {
	// Version is its software version, for people to read.
	Version string
	// MaxMessageBytes is the size of the largest message that it accepts.
	MaxMessageBytes int64
	// MinDurability is the least durability of a commit.
	MinDurability tranship.Durability
}

// Info asks the server for its version and limits.
func (c *Client) Info(ctx context.Context) (ServerInfo, error) {
	response, err := callUnary(ctx, c, c.files.GetServerInfo, &transhipv1.GetServerInfoRequest{})
	if err != nil {
		return ServerInfo{}, err
	}
	if err := wire.CheckServerInfo(response); err != nil {
		return ServerInfo{}, err
	}
	// A durability that this client does not know is stronger than those it knows.
	durability, err := wire.DurabilityFromProto(response.GetMinDurability())
	if err != nil {
		durability = tranship.DurabilityDurable
	}
	return ServerInfo{
		Version:         response.GetServerVersion(),
		MaxMessageBytes: response.GetMaxMessageBytes(),
		MinDurability:   durability,
	}, nil
}
