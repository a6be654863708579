package web

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/running"
)

// replacements is how often a file may be replaced while a request waits to open it.
const replacements = 10

// get answers GET and HEAD of a file. begin, unless it is nil, is called before anything is sent of a
// content, with the first byte that is sent, perhaps more than once: if it fails, so does get.
func (s *Service) get(e *httpadmission.Exchange, path string, begin func(offset int64) error) error {
	for attempt := 1; ; attempt++ {
		file, err := s.store.Stat(e.Context(), path)
		if err != nil {
			return err
		}
		err = s.getVersion(e, file, begin)
		// It was replaced since Stat, and nothing was sent.
		if !errors.Is(err, errReplaced) || attempt == replacements {
			return err
		}
	}
}

// errReplaced means that a file no longer has the version that Stat has told.
var errReplaced = failure.Worded(tranship.ErrUnavailable, "%v: the file is replaced all the time", tranship.ErrUnavailable)

// getVersion answers GET and HEAD of one version of a file.
func (s *Service) getVersion(e *httpadmission.Exchange, file tranship.File, begin func(offset int64) error) error {
	request := e.Request.Header
	switch readCondition(request, file) {
	case http.StatusNotModified:
		describe(e.Header(), file)
		return e.WriteHeader(http.StatusNotModified)
	case http.StatusPreconditionFailed:
		return &tranship.PathError{Path: file.Path, Err: failure.Worded(tranship.ErrPrecondition, "%v: the file has the ETag %s", tranship.ErrPrecondition, etag(file.Version))}
	}
	selected := byteRange{length: file.Size}
	if rangeCondition(request, file) && e.Request.Method == http.MethodGet { // RFC 9110, section 14.2
		var err error
		if selected, err = rangeOf(request, file.Size); err != nil {
			return err
		}
	}
	if e.Request.Method == http.MethodHead {
		return beginResponse(e, file, selected)
	}
	if begin != nil {
		if err := begin(selected.offset); err != nil {
			return err
		}
	}
	start := time.Now()
	ctx, transfer, end := s.begin(e, running.Subject{Direction: running.Download, Path: file.Path, Size: &selected.length})
	content, err := s.store.Open(ctx, file.Path, tranship.OpenOptions{Version: file.Version, Offset: selected.offset, Length: &selected.length})
	if errors.Is(err, tranship.ErrPrecondition) {
		return end(errReplaced)
	}
	sent := int64(0)
	if err == nil {
		sent, err = s.send(e, content, file, selected, transfer)
		_ = content.Close() // nothing was written
	}
	err = end(err)
	s.log.Transfer(e.Context(), compat.Download, file.Path, sent, start, err)
	if errors.Is(err, tranship.ErrIntegrity) { // what is wrong is the file, not the request
		return httpadmission.WithStatus(err, http.StatusInternalServerError)
	}
	return err
}

// beginResponse begins the response for a file or a range of it.
func beginResponse(e *httpadmission.Exchange, file tranship.File, selected byteRange) error {
	header, status := e.Header(), http.StatusOK
	describe(header, file)
	header.Set("Content-Length", strconv.FormatInt(selected.length, 10))
	if selected.partial {
		status = http.StatusPartialContent
		header.Set("Content-Range", "bytes "+strconv.FormatInt(selected.offset, 10)+"-"+
			strconv.FormatInt(selected.offset+selected.length-1, 10)+"/"+strconv.FormatInt(file.Size, 10))
	}
	return e.WriteHeader(status)
}

// describe sets the headers that describe a file. A browser must not show what users have uploaded
// as a page of this server.
func describe(header http.Header, file tranship.File) {
	header.Set("Accept-Ranges", "bytes")
	header.Set("ETag", etag(file.Version))
	header.Set("Last-Modified", modified(file).Format(http.TimeFormat))
	header.Set("Cache-Control", "private, no-cache")
	if file.CRC32C != nil {
		header.Set(digestHeader, crcDigest(*file.CRC32C))
	}
	httpadmission.Attach(header, file.Path)
}

// send sends a content. A whole file is complete only if its bytes have the checksum that the store
// has recorded: the last piece waits for that.
func (s *Service) send(e *httpadmission.Exchange, content tranship.Content, file tranship.File, selected byteRange, transfer *running.Transfer) (sent int64, err error) {
	piece := s.pieces.buffers.Get(pieceBytes)
	defer s.pieces.buffers.Put(piece)
	whole := selected.length == file.Size
	crc := uint32(0)
	for first := true; first || sent < selected.length; first = false {
		data := (*piece)[:min(int64(len(*piece)), selected.length-sent)]
		if _, err := io.ReadFull(content, data); err != nil {
			return sent, short(file, err)
		}
		last := sent+int64(len(data)) == selected.length
		if whole {
			crc = tranship.UpdateCRC32C(crc, data)
		}
		if last {
			if err := finish(content, file, whole, crc); err != nil {
				return sent, err
			}
		}
		if first {
			if err := beginResponse(e, file, selected); err != nil {
				return sent, err
			}
		}
		if len(data) == 0 {
			break
		}
		n, err := e.Write(data)
		sent += int64(n)
		transfer.Add(int64(n))
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// finish reads the end of a content, and compares the checksum of a whole file.
func finish(content io.Reader, file tranship.File, whole bool, crc uint32) error {
	var beyond [1]byte
	if n, err := content.Read(beyond[:]); n > 0 || err != nil && !errors.Is(err, io.EOF) {
		return short(file, err)
	}
	if whole && file.CRC32C != nil && *file.CRC32C != crc {
		return failure.WrongChecksum(file.Path, crc, *file.CRC32C)
	}
	return nil
}

// short returns the error of a content that does not have the size of its file, or cannot be read.
func short(file tranship.File, err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &tranship.PathError{Path: file.Path, Err: failure.Worded(tranship.ErrIntegrity, "%v: the file does not have its %d bytes", tranship.ErrIntegrity, file.Size)}
	}
	return err
}
