package client

import (
	"context"
	"errors"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/local"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/localonly"
)

// callCredentials send a bearer token with every call of a connection, if there is one,
// and if the connection is encrypted, or stays on this machine. They note what a call is
// made with.
type callCredentials struct {
	// token is Options.Token; nil if there is none.
	token func(ctx context.Context) (string, error)
	last  *lastToken
}

var _ credentials.PerRPCCredentials = callCredentials{}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (c callCredentials) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	info, _ := credentials.RequestInfoFromContext(ctx)
	on, _ := info.AuthInfo.(linkInfo)
	if c.token == nil {
		note(ctx, "", on.link)
		return nil, nil
	}
	// Options.DialOptions may have replaced what the connection was to be made with.
	if !isLocal(info.AuthInfo) && credentials.CheckSecurityLevel(info.AuthInfo, credentials.PrivacyAndIntegrity) != nil {
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
	note(ctx, token, on.link)
	if token == "" {
		return nil, nil
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials: GetRequestMetadata
// looks itself, for on this machine there need not be any.
func (c callCredentials) RequireTransportSecurity() bool { return false }

// isLocal reports whether a connection was made with local credentials, which make
// none to other machines.
func isLocal(info credentials.AuthInfo) bool {
	return info != nil && info.AuthType() == local.NewCredentials().Info().SecurityProtocol
}

// isToken reports whether text can be a bearer token: it must not end its header.
func isToken(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

var errPlaintext = errors.New("a token is sent to another machine only over TLS")

// dial is for connections in the clear over which tokens go: to this machine only. The
// address decides that a name stands for, and before anything is sent there.
func (h handshakes) dial(ctx context.Context, address string) (net.Conn, error) {
	dialer := net.Dialer{Control: localonly.Control}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if refused, ok := errors.AsType[*localonly.Error](err); ok {
		err = fmt.Errorf("%w: %w, and %w", tranship.ErrInvalid, refused, errPlaintext)
		h.failure.Store(&connectFailure{err: err, inHandshake: true})
	}
	return conn, err
}

// credentialOptions are those of a connection whose calls have tokens, or that shows a
// certificate. Whatever else dials, the local credentials of its handshakes refuse
// connections to other machines, too.
func credentialOptions(h handshakes, options Options, renewal renewal) []grpc.DialOption {
	if options.Token == nil && !h.showsCertificates() {
		return nil
	}
	all := renewal.options()
	if options.Token != nil && !h.secure {
		all = append(all, grpc.WithContextDialer(h.dial))
	}
	return all
}
