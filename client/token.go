package client

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/local"
	"google.golang.org/grpc/status"
)

// callCredentials send a bearer token with every call of a connection, and record it in
// the call's *presented. They send it only over an encrypted connection or to this machine.
type callCredentials struct {
	// token is Options.Token; it may be nil.
	token func(ctx context.Context) (string, error)
	last  *lastToken
}

var _ credentials.PerRPCCredentials = callCredentials{}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (c callCredentials) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	info, _ := credentials.RequestInfoFromContext(ctx)
	return c.metadata(ctx, info.AuthInfo)
}

// metadata returns the metadata of a call on a connection, and records its credentials.
func (c callCredentials) metadata(ctx context.Context, info credentials.AuthInfo) (map[string]string, error) {
	linked, _ := info.(linkInfo)
	if c.token == nil {
		notePresented(ctx, "", linked.link)
		return nil, nil
	}
	// Options.DialOptions may have replaced the transport credentials or the dialer.
	if !isLocal(info) && credentials.CheckSecurityLevel(info, credentials.PrivacyAndIntegrity) != nil {
		return nil, status.Error(codes.Unauthenticated, errPlaintext.Error())
	}
	token, err := c.token(ctx)
	if err == nil && token != "" && !isToken(token) {
		err = errors.New("the token has characters that no token has")
	}
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, err.Error())
	}
	c.last.note(token)
	notePresented(ctx, token, linked.link)
	if token == "" {
		return nil, nil
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials. It is false because
// calls to this machine need no security; GetRequestMetadata checks all others.
func (c callCredentials) RequireTransportSecurity() bool { return false }

// isLocal reports whether a connection was made with local credentials, which refuse
// connections to other machines.
func isLocal(info credentials.AuthInfo) bool {
	return info != nil && info.AuthType() == local.NewCredentials().Info().SecurityProtocol
}

// isToken reports whether text can be a bearer token. It must not have characters that
// could end its header.
func isToken(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

var errPlaintext = errors.New("a token is sent to another machine only over TLS")

// credentialOptions returns the options for a connection whose calls have tokens, or that
// presents a certificate. If Options.DialOptions replace the dialer, the local credentials
// of the handshakes still refuse connections to other machines.
func credentialOptions(h handshakes, options Options, renewal renewal) []grpc.DialOption {
	if options.Token == nil && !h.showsCertificates() {
		return nil
	}
	return renewal.options()
}
