// Package admission is the door that every connection and every call passes, whatever
// the transport: a Door finds the principal of a call, applies the limits, shares the
// memory, ends calls of slow clients and of clients whose credentials were revoked, and
// records what it refuses. It knows no transport and answers with errors of package
// tranship; each transport has an adapter that calls it and translates them. Package
// grpcadmission is gRPC's. The test file line_test.go has the adapter of a small protocol
// over a net.Conn, to copy from.
//
// All transports of a server share one Door, so that a limit holds for all of them
// together.
//
// # What an adapter calls, in this order
//
// For a connection:
//
//	connection, err := door.Connect(conn.RemoteAddr(), func() { conn.Close() })
//	                            // an error: close conn without a word
//	defer connection.Close()
//	if connection.BeginsWithHeader() { … } // of the PROXY protocol: package origin
//	                            // TLS, within door.Limits().HandshakeTime
//	door.HandshakeFailed(addr, err) // if it fails
//	connection.Control(n)       // n frames without payload came; an error: close conn
//	connection.Sent(n)          // n bytes were written
//
// For a call, once its headers are complete and before anything else is spent on it:
//
//	call, err := connection.Begin(ctx, method, forwarded)
//	                            // forwarded: the values of the header door.ForwardedHeader()
//	                            // an error: answer with it, and no more
//	defer call.End()
//	defer func() { call.Done(err, names) }()
//	err = call.Authenticate(admission.Presented{Authorization: values, TLS: state}, false)
//
// For a call with one message:
//
//	err = call.Receive(func() error { … }) // read the message
//	err = call.Turn()
//	err = call.Handle(func() error { … })  // with call.Context()
//
// For a call that streams:
//
//	err = call.Run(admission.Stream{…}, func() error { … })
//
// and in the handler, for each message:
//
//	call.Receiving()            // before waiting for it
//	err = call.Received(n, err) // after; an error: drop the message, and hand on the error
//	err = call.Sending(n)       // before; an error: do not send, and hand on the error
//	call.Sent(n)                // after
//
// # What must hold
//
//   - The order is the protection. A caller without good credentials must cost nothing:
//     before Authenticate an adapter has no message buffer, and reads no more than the
//     headers, which door.Limits().HeaderBytes bounds. The audit log comes next, so that
//     it has a line of everything that fails; then the limits of the principal; then
//     memory.
//   - Begin, Authenticate and Done are called once for each call, and End at least once.
//     A call that Begin or Connect refused has none of them.
//   - The adapter answers with the error as it is: its class (package failure) says
//     whether the call was begun, a *tranship.LimitError names the limit, and an error
//     that package failure has no word for is internal and must not reach the client.
//   - Run and Receive return as soon as the Door ends the call, while the handler or the
//     read may still run in its goroutine. No message passes from then on. The adapter
//     answers, and then makes the handler's waiting for messages fail: gRPC resets the
//     stream, another adapter closes the connection or sets a deadline in the past.
//   - Receiving and sending do not wait for each other: Received and Sending may wait for
//     bandwidth. One goroutine at a time receives, and one at a time sends.
//   - The handler uses call.Context(): it has the peer and the principal (package access),
//     what package minrate needs to know what the client owes, and ends with the call.
//     What an adapter adds to the context, it adds before Authenticate, with Continue.
//   - The Done and End of a call come before the transport tells its client the outcome
//     of the call, or at once after it, so that the client's next call finds the place
//     free.
//   - A connection that is taken from its listener counts until Close, also while it is
//     idle or waits for its first call. How long that may take is the adapter's to bound.
//   - A server that stops waits for the handlers that Run left behind, which
//     Stream.Handlers counts, before the store is closed.
//
// Nothing of this costs a goroutine or an allocation for each message. A call that
// streams has one goroutine beside that of its transport, and a timer.
//
// # Memory
//
// Services share a Memory with the Door: they hold payload that waits to be stored in it,
// and ask it how many streams an upload may have and how many replies may wait.
package admission
