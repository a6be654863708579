package wire

import (
	"github.com/tranship/tranship/internal/payload"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// NewUploadRequest returns a message for a request. Its payload is the data of the chunk or
// put.
func NewUploadRequest(request *transhipv1.UploadRequest) *payload.Message {
	return payload.New(request, ChunkPlace(), payload.Place{Outer: 5, Data: 6})
}

// ChunkPlace returns the place of the data of a chunk in a request.
func ChunkPlace() payload.Place { return payload.Place{Outer: 2, Data: 3} }

// NewDownloadResponse returns a message for a response. Its payload is the data of the
// chunk.
func NewDownloadResponse(response *transhipv1.DownloadResponse) *payload.Message {
	return payload.New(response, payload.Place{Outer: 2, Data: 3})
}
