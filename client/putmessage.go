package client

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// openPuts opens slots for puts, as many as may be without a reply at the moment but at least
// one, and hands their messages to transmit together. It returns how many it opened. Those
// that it could not send have ended with the error.
func (u *uploadStream) openPuts(ctx context.Context, items []tranship.PutItem, puts []put, slots []slot) (opened int, err error) {
	opened, err = u.reserve(ctx, u.awaited, len(puts))
	if err != nil {
		return 0, err
	}
	defer func() { <-u.opening }()
	puts, slots = puts[:opened], slots[:opened]
	messages := u.encodePuts(items, puts, slots)
	if err := u.register(slots); err != nil {
		messages.Free()
		for i := range slots {
			slots[i].finishUnsent(err)
		}
		return opened, err
	}
	if err := u.enqueue(ctx, messages); err != nil {
		for i := range slots {
			if unsent := u.remove(slots[i].id); unsent != nil {
				unsent.finishUnsent(err)
			}
		}
		return opened, err
	}
	return opened, nil
}

// finishUnsent ends the slot of a put that was not sent, unless it has ended.
func (s *slot) finishUnsent(err error) {
	if !s.over.Load() {
		s.err = err
		s.end()
	}
}

// encodePuts encodes puts for the next slots, in one buffer. A put that has no encoding ends
// alone, and its slot gets no number.
func (u *uploadStream) encodePuts(items []tranship.PutItem, puts []put, slots []slot) payload.EncodedMessages {
	room := 0
	for _, put := range puts {
		room += encodedSize(&items[put.item])
	}
	encoder := payload.NewEncoder(&u.buffers, room, len(puts))
	message := &transhipv1.Put{Slot: u.last + 1, Crc32C: new(uint32), Check: new(uint32)}
	request := &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: message}}
	for i, put := range puts {
		slots[i].stream = u
		spec, data := &items[put.item].Spec, items[put.item].Data
		message.Path = spec.Path
		message.Attributes = wire.AttributesToProto(spec.Attributes)
		message.Precondition = wire.PreconditionToProto(spec.Precondition)
		message.Durability = wire.DurabilityToProto(spec.Durability)
		message.Data = data
		*message.Crc32C, *message.Check = put.crc, tranship.Check(spec.Path, int64(len(data)), put.crc)
		if err := encoder.Add(request, len(data)); err != nil {
			slots[i].finishUnsent(errUnencodable(err))
			<-u.awaited
			continue
		}
		slots[i].id = message.Slot
		message.Slot++
	}
	return encoder.Messages((*transhipv1.UploadRequest)(nil))
}

// encodedSize estimates how many bytes the message of an item takes. The estimate is rather too
// large.
func encodedSize(item *tranship.PutItem) int {
	const envelope, entry = 128, 16 // all fields but those counted here; an entry's own fields
	size := envelope + len(item.Spec.Path) + len(item.Data)
	for key, value := range item.Spec.Attributes.Metadata {
		size += entry + len(key) + len(value)
	}
	return size
}
