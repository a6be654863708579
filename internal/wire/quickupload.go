package wire

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// quickUploadRequest decodes the request of a put.
type quickUploadRequest struct {
	request    *transhipv1.UploadRequest
	outer      transhipv1.UploadRequest_Put
	put        transhipv1.Put
	attributes transhipv1.Attributes
	modified   timestamppb.Timestamp
	// mode, crc and check are optional.
	mode, crc, check uint32
}

// decode implements payload.Message.Quick.
func (q *quickUploadRequest) decode(encoded []byte) (start, end int, ok bool) {
	body, offset, ok := only(encoded, 5)
	if !ok {
		return 0, 0, false
	}
	put := &q.put
	put.Slot, put.Path, put.Attributes, put.Durability, put.Crc32C, put.Check = 0, "", nil, 0, nil, nil
	hasData := false
	ok = eachField(body, func(f field) bool {
		switch f.number {
		case 1:
			return f.uint64(&put.Slot)
		case 2:
			return f.text(&put.Path)
		case 3:
			return q.decodeAttributes(f)
		case 5:
			put.Durability = transhipv1.Durability(int32(f.value)) //nolint:gosec // as the encoding of protobuf demands
			return f.isNumber()
		case 6:
			again := hasData
			hasData, start, end = true, offset+f.end-len(f.bytes), offset+f.end
			return f.isBytes() && !again
		case 7:
			put.Crc32C = &q.crc
			return f.fixed32(&q.crc)
		case 8:
			put.Check = &q.check
			return f.fixed32(&q.check)
		}
		return false
	})
	if !ok {
		return 0, 0, false
	}
	put.Data = nil
	q.request.Reset() // it may have fields that generated code does not know
	q.outer.Put, q.request.Request = put, &q.outer
	return start, end, true
}

func (q *quickUploadRequest) decodeAttributes(f field) bool {
	if !f.isBytes() || q.put.Attributes != nil {
		return false
	}
	attributes := &q.attributes
	q.put.Attributes = attributes
	attributes.ModifiedTime, attributes.Mode = nil, nil
	return eachField(f.bytes, func(f field) bool {
		switch f.number {
		case 1:
			return f.time(&attributes.ModifiedTime, &q.modified)
		case 2:
			attributes.Mode = &q.mode
			return f.uint32(&q.mode)
		}
		return false
	})
}

// quickUploadResponse decodes a reply with the committed file.
type quickUploadResponse struct {
	response *transhipv1.UploadResponse
	outer    transhipv1.UploadResponse_Finished
	finished transhipv1.Finished
	file     quickFile
}

// decode implements payload.Message.Quick.
func (q *quickUploadResponse) decode(encoded []byte) (start, end int, ok bool) {
	body, _, ok := only(encoded, 3)
	if !ok {
		return 0, 0, false
	}
	q.finished.Slot, q.finished.File = 0, nil
	ok = eachField(body, func(f field) bool {
		switch f.number {
		case 1:
			return f.uint64(&q.finished.Slot)
		case 2:
			return q.file.decode(f, &q.finished.File)
		}
		return false
	})
	if ok {
		q.response.Reset()
		q.outer.Finished, q.response.Response = &q.finished, &q.outer
	}
	return 0, 0, ok
}
