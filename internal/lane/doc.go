// Package lane carries the calls of gRPC services on a plain connection, without HTTP/2. A
// lane is a connection on which one call at a time runs. Its messages have the same encoding
// and order as those of gRPC, and each is behind a header of five bytes. docs/lanes.md
// specifies the bytes.
//
// Both ends of a call have the types of grpc-go: ServerStream implements grpc.ServerStream, and
// ClientStream implements grpc.ClientStream. Services and clients therefore need not know lanes.
// As with grpc-go, one goroutine may receive while another sends, but no two may do the same.
//
// RecvMsg itself reads from the connection. Package lane starts a goroutine that reads only
// while nothing is received: at the client between calls, and at the server after the client's
// end of a call. One goroutine a lane writes small messages: all that have accumulated, in one
// system call. SendMsg itself writes a large message, without copying it. Reading never waits for
// writing.
package lane
