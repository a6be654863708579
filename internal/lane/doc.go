// Package lane carries the calls of gRPC services on a plain connection, without HTTP/2. A
// lane is a connection on which one call at a time runs. Its messages have the same encoding
// and order as those of gRPC, and each is behind a header of five bytes. docs/lanes.md
// specifies the bytes.
//
// Both ends see a call as grpc-go's: a ServerStream is a grpc.ServerStream, and a
// ClientStream a grpc.ClientStream, so that services and clients need not know lanes.
//
// There is no goroutine that reads: RecvMsg reads from the connection. Small messages are
// written by one goroutine, which writes all that has accumulated in one call. SendMsg writes
// a large message itself, without copying it. Reading never waits for writing.
package lane
