package fakes3

import (
	"crypto/md5" // S3 defines ETags by it
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (c *call) create() error {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	upload := &multipart{
		id: rand.Text(), key: c.key, begun: s.now(), parts: map[int]*object{}, metadata: metadataOf(c.request.Header),
		checksums: c.request.Header.Get("x-amz-checksum-algorithm") == "CRC32C" && !s.options.NoChecksum,
	}
	s.uploads[upload.id] = upload
	return c.answer(struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadId string
	}{Bucket: c.bucket, Key: c.key, UploadId: upload.id})
}

// uploadLocked returns the upload that a request names.
func (c *call) uploadLocked() (*multipart, error) {
	upload := c.server.uploads[c.request.URL.Query().Get("uploadId")]
	if upload == nil || upload.key != c.key {
		return nil, errNoSuchUpload
	}
	return upload, nil
}

func (c *call) uploadPart() error {
	crc, err := c.checksum()
	if err != nil {
		return err
	}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	upload, err := c.uploadLocked()
	if err != nil {
		return err
	}
	part := &object{data: c.body, etag: etagOf(c.body), modified: s.now(), crc32c: crc}
	upload.parts[c.number("partNumber", 0)] = part
	c.writer.Header().Set("ETag", part.etag)
	return nil
}

func (c *call) uploadPartCopy() error {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	upload, err := c.uploadLocked()
	if err != nil {
		return err
	}
	source, err := c.sourceLocked()
	if err != nil {
		return err
	}
	data := source.data
	if wanted := c.request.Header.Get("x-amz-copy-source-range"); wanted != "" {
		first, last, ok := rangeOf(wanted, int64(len(data)))
		if !ok {
			return refuse(http.StatusBadRequest, "InvalidArgument")
		}
		data = data[first : last+1]
	}
	part := &object{data: data, etag: etagOf(data), modified: s.now()}
	if upload.checksums {
		part.crc32c = checksumOf(data)
	}
	upload.parts[c.number("partNumber", 0)] = part
	return c.answer(copied{ETag: part.etag, LastModified: part.modified.Format(time.RFC3339Nano)})
}

// completion is the document of a CompleteMultipartUpload.
type completion struct {
	Part []struct {
		PartNumber     int
		ETag           string
		ChecksumCRC32C string
	}
}

func (c *call) complete() error {
	var wanted completion
	if xml.Unmarshal(c.body, &wanted) != nil || len(wanted.Part) == 0 {
		return refuse(http.StatusBadRequest, "MalformedXML")
	}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	upload, err := c.uploadLocked()
	if err != nil {
		if etag, ok := s.made[c.request.URL.Query().Get("uploadId")]; ok && s.options.FalseComplete {
			return c.completed(etag)
		}
		return err
	}
	made, err := s.assembleLocked(upload, wanted)
	if err != nil {
		return err
	}
	if want := c.request.Header.Get("x-amz-checksum-crc32c"); want != "" && upload.checksums && want != made.crc32c {
		return errBadDigest
	}
	if err := s.checkLocked(c.request.Header, c.key, s.options.NoConditionalComplete); err != nil {
		return err
	}
	delete(s.uploads, upload.id)
	if s.options.Completing != nil {
		s.mu.Unlock()
		s.options.Completing()
		s.mu.Lock()
	}
	s.objects[c.key] = made
	s.made[upload.id] = made.etag
	return c.completed(made.etag)
}

func (c *call) completed(etag string) error {
	return c.answer(struct {
		XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket  string
		Key     string
		ETag    string
	}{Bucket: c.bucket, Key: c.key, ETag: etag})
}

// assembleLocked returns the object that the named parts of an upload make.
func (s *Server) assembleLocked(upload *multipart, wanted completion) (*object, error) {
	made := &object{metadata: upload.metadata, modified: s.now()}
	var sums []byte
	last := 0
	for i, named := range wanted.Part {
		part := upload.parts[named.PartNumber]
		switch {
		case part == nil || !sameETag(named.ETag, part.etag) || named.ChecksumCRC32C != "" && part.crc32c != "" && named.ChecksumCRC32C != part.crc32c:
			return nil, errInvalidPart
		case named.PartNumber <= last || upload.checksums && named.PartNumber != last+1:
			return nil, refuse(http.StatusBadRequest, "InvalidPartOrder")
		case i < len(wanted.Part)-1 && int64(len(part.data)) < s.options.MinPartBytes:
			return nil, refuse(http.StatusBadRequest, "EntityTooSmall")
		case upload.checksums && part.crc32c == "":
			return nil, refuse(http.StatusBadRequest, "InvalidRequest")
		}
		last = named.PartNumber
		made.data = append(made.data, part.data...)
		sum := md5.Sum(part.data) // S3 defines ETags by it
		sums = append(sums, sum[:]...)
	}
	sum := md5.Sum(sums) // S3 defines ETags by it
	made.etag = fmt.Sprintf(`"%s-%d"`, hex.EncodeToString(sum[:]), len(wanted.Part))
	if upload.checksums {
		made.crc32c, made.full = checksumOf(made.data), true
	}
	return made, nil
}

func (c *call) abort() error {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	upload, err := c.uploadLocked()
	if err != nil {
		return err
	}
	delete(s.uploads, upload.id)
	c.writer.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) listParts() error {
	type listed struct {
		PartNumber     int
		LastModified   string
		ETag           string
		Size           int
		ChecksumCRC32C string `xml:",omitempty"`
	}
	var document struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		IsTruncated          bool
		NextPartNumberMarker int
		Part                 []listed
	}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	upload, err := c.uploadLocked()
	if err != nil {
		return err
	}
	most := c.number("max-parts", 1000)
	for _, n := range slices.Sorted(maps.Keys(upload.parts)) {
		if n <= c.number("part-number-marker", 0) {
			continue
		}
		if len(document.Part) == most {
			document.IsTruncated = true
			break
		}
		part := upload.parts[n]
		document.NextPartNumberMarker = n
		document.Part = append(document.Part, listed{n, part.modified.Format(time.RFC3339Nano), part.etag, len(part.data), part.crc32c})
	}
	return c.answer(document)
}

func (c *call) listUploads() error {
	type listed struct {
		Key, UploadId string
		Initiated     string
	}
	var document struct {
		XMLName     xml.Name `xml:"ListMultipartUploadsResult"`
		IsTruncated bool
		Upload      []listed
	}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, upload := range s.uploads {
		if strings.HasPrefix(upload.key, c.request.URL.Query().Get("prefix")) {
			document.Upload = append(document.Upload, listed{upload.key, upload.id, upload.begun.Format(time.RFC3339Nano)})
		}
	}
	slices.SortFunc(document.Upload, func(a, b listed) int { return strings.Compare(a.Key+a.UploadId, b.Key+b.UploadId) })
	return c.answer(document)
}

// AbortUploads removes all uploads, as a rule of a bucket does with old ones.
func (s *Server) AbortUploads() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.uploads)
}
