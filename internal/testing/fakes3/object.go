package fakes3

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// checkLocked checks the conditions of a change of the object at key.
func (s *Server) checkLocked(header http.Header, key string, ignored bool) error {
	there := s.objects[key]
	if ignored {
		return nil
	}
	if header.Get("If-None-Match") == "*" && there != nil {
		return errCondition
	}
	if want := header.Get("If-Match"); want != "" {
		if there == nil {
			return errNoSuchKey
		}
		if !sameETag(want, there.etag) || s.options.Unquoted && want[0] == '"' {
			return errCondition
		}
	}
	return nil
}

func sameETag(a, b string) bool { return a == "*" || strings.Trim(a, `"`) == strings.Trim(b, `"`) }

// checksum checks the checksum of the body, and returns it; "" if the request has none.
func (c *call) checksum() (string, error) {
	want := c.request.Header.Get("x-amz-checksum-crc32c")
	if c.server.options.NoChecksum || want == "" {
		return "", nil
	}
	if checksumOf(c.body) != want {
		return "", errBadDigest
	}
	return want, nil
}

func (c *call) putObject() error {
	crc, err := c.checksum()
	if err != nil {
		return err
	}
	size := 0
	for name, values := range metadataOf(c.request.Header) {
		if name != "Content-Type" {
			size += len(name) - len("x-amz-meta-") + len(values[0])
		}
	}
	if size > 2048 {
		return refuse(http.StatusBadRequest, "MetadataTooLarge")
	}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkLocked(c.request.Header, c.key, s.options.NoConditionalPut); err != nil {
		return err
	}
	made := &object{data: c.body, etag: etagOf(c.body), metadata: metadataOf(c.request.Header), modified: s.now(), crc32c: crc, full: true}
	s.objects[c.key] = made
	c.writer.Header().Set("ETag", made.etag)
	return nil
}

// find returns an object for reading, if it fulfils the conditions of the request.
func (c *call) find() (*object, error) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.objects[c.key]
	if found == nil {
		return nil, errNoSuchKey
	}
	if want := c.request.Header.Get("If-Match"); want != "" && !sameETag(want, found.etag) {
		return nil, errCondition
	}
	return found, nil
}

func (c *call) getObject() error {
	found, err := c.find()
	if err != nil {
		return err
	}
	header := c.writer.Header()
	for name, values := range found.metadata {
		header[name] = values
	}
	header.Set("ETag", found.etag)
	header.Set("Last-Modified", found.modified.Format(http.TimeFormat))
	header.Set("Accept-Ranges", "bytes")
	if c.request.Header.Get("x-amz-checksum-mode") == "ENABLED" && found.crc32c != "" && c.request.Header.Get("Range") == "" {
		header.Set("x-amz-checksum-crc32c", found.crc32c)
		header.Set("x-amz-checksum-type", map[bool]string{true: "FULL_OBJECT", false: "COMPOSITE"}[found.full])
	}
	data, status := found.data, http.StatusOK
	if wanted := c.request.Header.Get("Range"); wanted != "" {
		first, last, ok := rangeOf(wanted, int64(len(data)))
		if !ok {
			return refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
		}
		header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, len(data)))
		data, status = data[first:last+1], http.StatusPartialContent
	}
	header.Set("Content-Length", strconv.Itoa(len(data)))
	c.writer.WriteHeader(status)
	if c.request.Method == http.MethodGet {
		_, _ = c.writer.Write(data)
	}
	return nil
}

// rangeOf parses "bytes=first-last" or "bytes=first-".
func rangeOf(text string, size int64) (first, last int64, ok bool) {
	from, to, found := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	first, err := strconv.ParseInt(from, 10, 64)
	if !found || err != nil || first < 0 || first >= size {
		return 0, 0, false
	}
	last = size - 1
	if to != "" {
		if last, err = strconv.ParseInt(to, 10, 64); err != nil || last < first {
			return 0, 0, false
		}
	}
	return first, min(last, size-1), true
}

func (c *call) deleteObject() error {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkLocked(c.request.Header, c.key, s.options.NoConditionalDelete); err != nil {
		return err
	}
	delete(s.objects, c.key)
	c.writer.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) deleteObjects() error {
	var wanted struct {
		Object []struct{ Key string }
	}
	if xml.Unmarshal(c.body, &wanted) != nil || len(wanted.Object) == 0 || len(wanted.Object) > 1000 {
		return refuse(http.StatusBadRequest, "MalformedXML")
	}
	type refused struct{ Key, Code, Message string }
	var result struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Error   []refused
	}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, named := range wanted.Object {
		if s.options.KeepObject != nil && s.options.KeepObject(named.Key) {
			result.Error = append(result.Error, refused{named.Key, "InternalError", "try again"})
			continue
		}
		delete(s.objects, named.Key)
	}
	return c.answer(result)
}

// source returns the source of a copy. The server must be locked.
func (c *call) sourceLocked() (*object, error) {
	text, err := url.PathUnescape(c.request.Header.Get("x-amz-copy-source"))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "InvalidArgument")
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(text, "/"), "/")
	found := c.server.objects[key]
	if found == nil {
		return nil, errNoSuchKey
	}
	if want := c.request.Header.Get("x-amz-copy-source-if-match"); want != "" && !sameETag(want, found.etag) {
		return nil, errCondition
	}
	return found, nil
}

// copied is the document that answers a copy.
type copied struct {
	XMLName      string `xml:"CopyObjectResult"`
	ETag         string
	LastModified string
}

func (c *call) copyObject() error {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	source, err := c.sourceLocked()
	if err != nil {
		return err
	}
	made := *source
	made.etag, made.modified = etagOf(source.data), s.now()
	if c.request.Header.Get("x-amz-metadata-directive") == "REPLACE" {
		made.metadata = metadataOf(c.request.Header)
	}
	s.objects[c.key] = &made
	return c.answer(copied{ETag: made.etag, LastModified: made.modified.Format(time.RFC3339Nano)})
}
