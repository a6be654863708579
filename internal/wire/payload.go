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

// NewQuickUploadRequest is NewUploadRequest for a request into which several messages are received, one
// after the other. Each may take the memory of the one before, except for its strings.
func NewQuickUploadRequest(request *transhipv1.UploadRequest) *payload.Message {
	message := NewUploadRequest(request)
	message.Quick = (&quickUploadRequest{request: request}).decode
	return message
}

// NewQuickUploadResponse returns a message for a reply into which several messages are received, one
// after the other. Each may take the memory of the one before, except for its strings and checksum.
func NewQuickUploadResponse(response *transhipv1.UploadResponse) *payload.Message {
	message := payload.New(response)
	message.Quick = (&quickUploadResponse{response: response}).decode
	return message
}

// NewQuickDownloadResponse is NewDownloadResponse for a response into which several messages are
// received, as for NewQuickUploadResponse.
func NewQuickDownloadResponse(response *transhipv1.DownloadResponse) *payload.Message {
	message := NewDownloadResponse(response)
	message.Quick = (&quickDownloadResponse{response: response}).decode
	return message
}

// NewDownloadResponse returns a message for a response. Its payload is the data of the
// chunk.
func NewDownloadResponse(response *transhipv1.DownloadResponse) *payload.Message {
	return payload.New(response, payload.Place{Outer: 2, Data: 3})
}
