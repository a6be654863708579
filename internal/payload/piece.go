package payload

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// maxTail is how many bytes may follow the payload of a message that is received in pieces.
const maxTail = 64

// InPieces allows a transport to deliver a message whose payload is at place before the payload
// has arrived, in pieces of at most most bytes, at least 1. The caller must then call ReceiveMore until
// Left is 0, or give up the rest of the payload by receiving another message. A transport that does not
// know pieces delivers messages as a whole.
func (m *Message) InPieces(place Place, most int) { m.pieces, m.pieceBytes = place, most }

// Left returns how many bytes of the payload of a message in pieces have not arrived.
func (m *Message) Left() int { return m.left }

// ReceiveMore receives the next piece of the payload, from 1 byte to what InPieces allows, in place of an
// earlier piece. Fields that follow the payload are decoded after the last piece. The errors
// are those of Receive.
func (m *Message) ReceiveMore(stream Receiver) error {
	m.Data = nil
	if err := stream.RecvMsg(m); err != nil {
		return err
	}
	if m.malformed != nil {
		return &MalformedError{m.malformed}
	}
	return nil
}

// Begin decodes what precedes the payload of a message of length bytes. head has the first bytes
// of the message. Begin returns where in the message the payload begins. ok is false, and nothing
// has changed, if the message must be received as a whole. Only a transport calls Begin.
func (m *Message) Begin(head []byte, length int) (start int, ok bool) {
	if m.pieces.Data == 0 {
		return 0, false
	}
	body, start, size := m.findPayload(head, length)
	if size == 0 || length-start-size > maxTail {
		return 0, false
	}
	if m.decodeProto(append(appendLength(nil, m.pieces.Outer, len(body)), body...), 0) != nil {
		return 0, false
	}
	m.left, m.tail, m.envelope = size, length-start-size, length-size
	return start, true
}

// findPayload returns the fields before the payload of a message of length bytes that begins
// with head, and where the payload begins and how many bytes it has. size is 0 if the message does
// not have the usual form.
func (m *Message) findPayload(head []byte, length int) (body []byte, start, size int) {
	number, kind, n := protowire.ConsumeTag(head)
	if n < 0 || number != m.pieces.Outer || kind != protowire.BytesType {
		return nil, 0, 0
	}
	rest, k := protowire.ConsumeVarint(head[n:])
	start = n + k
	if k < 0 || rest != uint64(length-start) {
		return nil, 0, 0
	}
	first := start
	for {
		number, kind, n := protowire.ConsumeTag(head[start:])
		if n < 0 {
			return nil, 0, 0
		}
		if number == m.pieces.Data && kind == protowire.BytesType {
			body = head[first:start]
			start += n
			break
		}
		k := protowire.ConsumeFieldValue(number, kind, head[start+n:])
		if k < 0 {
			return nil, 0, 0
		}
		start += n + k
	}
	payload, n := protowire.ConsumeVarint(head[start:])
	start += n
	if n < 0 || payload > uint64(length-start) {
		return nil, 0, 0
	}
	return body, start, int(payload)
}

// NextBytes returns how many bytes of the message come next: a piece of the payload, and after the last
// one also what follows it. It is 0 if nothing of the message is left. Only a transport calls NextBytes.
func (m *Message) NextBytes() int {
	n := min(m.left, m.pieceBytes)
	if n == m.left && n > 0 {
		n += m.tail
	}
	return n
}

// Add makes the next bytes of the message, as many as NextBytes says, its payload. If what follows
// the payload is malformed, ReceiveMore returns the error. Only a transport calls Add.
func (m *Message) Add(next mem.Buffer) {
	n := min(m.left, m.pieceBytes)
	if m.left -= n; m.left == 0 {
		m.malformed = m.decodeTail(next.ReadOnlyData()[n:])
	}
	if m.malformed != nil {
		next.Free()
		return
	}
	m.Data = mem.BufferSlice{next.Slice(0, n)}
	next.Free() // the slice has its own reference
}

// decodeTail decodes the fields after the payload. A field whose number is not greater than that of
// the payload is an error: the message may have been handled already as if it did not have it.
func (m *Message) decodeTail(tail []byte) error {
	for rest := tail; len(rest) > 0; {
		number, _, n := protowire.ConsumeField(rest)
		if n < 0 || number <= m.pieces.Data {
			return errEncoding
		}
		rest = rest[n:]
	}
	message := m.Proto.ProtoReflect()
	outer := message.Descriptor().Fields().ByNumber(m.pieces.Outer)
	return proto.UnmarshalOptions{Merge: true}.Unmarshal(tail, message.Mutable(outer).Message().Interface())
}
