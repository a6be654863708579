package wire

import transhipv1 "github.com/tranship/tranship/proto/tranship/v1"

// quickDownloadResponse decodes the replies of a download: opened, chunk and done.
type quickDownloadResponse struct {
	response *transhipv1.DownloadResponse
	opened   struct {
		outer transhipv1.DownloadResponse_Opened
		inner transhipv1.Opened
		file  quickFile
	}
	chunk struct {
		outer  transhipv1.DownloadResponse_Chunk
		inner  transhipv1.Chunk
		offset int64
		crc    uint32
	}
	done struct {
		outer transhipv1.DownloadResponse_Done
		inner transhipv1.Done
	}
}

// decode implements payload.Message.Quick.
func (q *quickDownloadResponse) decode(encoded []byte) (start, end int, ok bool) {
	if body, _, isOpened := only(encoded, 1); isOpened {
		return 0, 0, q.decodeOpened(body)
	}
	if body, offset, isChunk := only(encoded, 2); isChunk {
		return q.decodeChunk(body, offset)
	}
	body, _, isDone := only(encoded, 3)
	return 0, 0, isDone && q.decodeDone(body)
}

func (q *quickDownloadResponse) decodeOpened(body []byte) bool {
	opened := &q.opened.inner
	opened.Slot, opened.File = 0, nil
	ok := eachField(body, func(f field) bool {
		switch f.number {
		case 1:
			return f.uint64(&opened.Slot)
		case 2:
			return q.opened.file.decode(f, &opened.File)
		}
		return false
	})
	if ok {
		q.response.Reset()
		q.opened.outer.Opened, q.response.Response = opened, &q.opened.outer
	}
	return ok
}

func (q *quickDownloadResponse) decodeChunk(body []byte, offset int) (start, end int, ok bool) {
	chunk, hasData := &q.chunk.inner, false
	chunk.Slot, chunk.Offset, chunk.Crc32C = 0, nil, nil
	ok = eachField(body, func(f field) bool {
		switch f.number {
		case 1:
			return f.uint64(&chunk.Slot)
		case 2:
			chunk.Offset = &q.chunk.offset
			return f.int64(&q.chunk.offset)
		case 3:
			again := hasData
			hasData, start, end = true, offset+f.end-len(f.bytes), offset+f.end
			return f.isBytes() && !again
		case 4:
			chunk.Crc32C = &q.chunk.crc
			return f.fixed32(&q.chunk.crc)
		}
		return false
	})
	if !ok {
		return 0, 0, false
	}
	q.response.Reset()
	q.chunk.outer.Chunk, q.response.Response = chunk, &q.chunk.outer
	return start, end, true
}

func (q *quickDownloadResponse) decodeDone(body []byte) bool {
	done := &q.done.inner
	done.Slot, done.Crc32C = 0, 0
	ok := eachField(body, func(f field) bool {
		switch f.number {
		case 1:
			return f.uint64(&done.Slot)
		case 2:
			return f.fixed32(&done.Crc32C)
		}
		return false
	})
	if ok {
		q.response.Reset()
		q.done.outer.Done, q.response.Response = done, &q.done.outer
	}
	return ok
}
