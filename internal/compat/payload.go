package compat

import (
	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	filesrvv2 "github.com/tranship/tranship/proto/filesrv/v2"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
)

// MessageBytes is the largest payload that we send in one message of either protocol. It
// is what existing clients send.
const MessageBytes = 1 << 20

// NewUploadRequest returns a message of FileSrv, in either revision, whose payload is
// its chunk_data.
func NewUploadRequest(request *filesrvv1.UploadRequest) *payload.Message {
	return payload.New(request, payload.Place{Data: 2})
}

// NewFileResponseV1 returns a message of FileSrv, revision 1, whose payload is its
// chunk_data.
func NewFileResponseV1(response *filesrvv1.FileResponse) *payload.Message {
	return payload.New(response, payload.Place{Data: 1})
}

// NewFileResponseV2 returns a message of FileSrv, revision 2, whose payload is its
// chunk_data.
func NewFileResponseV2(response *filesrvv2.FileResponse) *payload.Message {
	return payload.New(response, payload.Place{Data: 2})
}

// NewChunk returns a message of FileTransfer whose payload is its data.
func NewChunk(chunk *transferpb.Chunk) *payload.Message {
	return payload.New(chunk, payload.Place{Data: 1})
}

// Cut calls send with pieces of data that each fit into a message. It does not send a
// chunk without bytes, because an empty message has another meaning.
func Cut(data tranship.Chunk, send func(tranship.Chunk) error) error {
	for data.Len() > MessageBytes {
		var head tranship.Chunk
		head, data = data.Split(MessageBytes)
		if err := send(head); err != nil {
			data.Release()
			return err
		}
	}
	if data.Len() == 0 {
		data.Release()
		return nil
	}
	return send(data)
}
