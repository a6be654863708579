// Package server serves a tranship.Store over gRPC. One Config is a whole server:
//
//	s, err := server.New(ctx, server.Config{
//		Store:          store,
//		TLS:            tls,
//		Authenticators: []authn.Authenticator{tokens},
//		Policy:         rules,
//	})
//	...
//	err = s.Serve(ctx, listener)
//
// The zero value of every field is safe. New fails if no client could do anything; Serve
// fails rather than listen beyond this machine without TLS and credentials, unless
// Config.Insecure and Config.Anonymous allow it.
//
// # Two ways to serve
//
// Serve has a gRPC server of its own, with health checks, reflection, limits of
// connections, and an end that lets files under way finish. Mount adds the services to a
// grpc.Server that the program has, beside its own services and behind its own
// interceptors. Both ways keep what the Config says of principals, policy, quota, memory
// and audit log: it is part of the services and depends on no interceptor. Limits of
// connections, of calls under way on one connection or of one peer, and of HTTP/2 frames
// need Serve; GRPCOptions has those that are settings of grpc-go.
//
// # What each call passes
//
// In this order, whatever the protocol: the limits of its peer; its credentials, which
// are verified again while a stream goes on; the audit log, which from here on has a line
// of all that fails; the limits of its principal, and of how slow its client may be; and
// memory. Then the service calls the store: through the audit log, the policy, the
// sharing of file descriptors, and the quotas.
//
// # Who owns an upload
//
// An upload that is not finished belongs to the principal that began it. To every other
// it does not exist: it is not listed, and cannot be resumed, joined or aborted, with or
// without a Policy, by Serve and by Mount. All clients without credentials are one
// principal.
//
// # Protocols
//
// The native protocol, tranship.v1.FileService, is always served. Config.Protocols adds
// those of two tutorials with many existing clients, filesrv and filetransfer.
package server
