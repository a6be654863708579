package fakes3

import (
	"crypto/md5" // S3 defines ETags by it
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

// call is one request.
type call struct {
	server    *Server
	request   *http.Request
	writer    http.ResponseWriter
	operation string
	bucket    string
	key       string
	body      []byte
}

// failure is an error of S3.
type failure struct {
	status  int
	code    string
	message string
}

func (f *failure) Error() string { return f.code }

func refuse(status int, code string) error {
	return &failure{status: status, code: code, message: code}
}

var (
	errNoSuchKey    = refuse(http.StatusNotFound, "NoSuchKey")
	errNoSuchUpload = refuse(http.StatusNotFound, "NoSuchUpload")
	errCondition    = refuse(http.StatusPreconditionFailed, "PreconditionFailed")
	errInvalidPart  = refuse(http.StatusBadRequest, "InvalidPart")
	errBadDigest    = refuse(http.StatusBadRequest, "BadDigest")
)

// operations maps the name of each operation to its method.
func operations() map[string]func(*call) error {
	return map[string]func(*call) error{
		"HeadBucket":              func(c *call) error { c.writer.WriteHeader(http.StatusOK); return nil },
		"ListObjectsV2":           (*call).listObjects,
		"ListMultipartUploads":    (*call).listUploads,
		"ListParts":               (*call).listParts,
		"GetObject":               (*call).getObject,
		"HeadObject":              (*call).getObject,
		"PutObject":               (*call).putObject,
		"CopyObject":              (*call).copyObject,
		"DeleteObject":            (*call).deleteObject,
		"DeleteObjects":           (*call).deleteObjects,
		"CreateMultipartUpload":   (*call).create,
		"UploadPart":              (*call).uploadPart,
		"UploadPartCopy":          (*call).uploadPartCopy,
		"CompleteMultipartUpload": (*call).complete,
		"AbortMultipartUpload":    (*call).abort,
	}
}

// operationOf returns the name of the operation that a request asks for; "" for none.
func operationOf(r *http.Request, key string) string {
	query := r.URL.Query()
	copied := r.Header.Get("x-amz-copy-source") != ""
	switch {
	case key == "" && r.Method == http.MethodHead:
		return "HeadBucket"
	case key == "" && r.Method == http.MethodGet && query.Has("uploads"):
		return "ListMultipartUploads"
	case key == "" && r.Method == http.MethodGet:
		return "ListObjectsV2"
	case key == "" && r.Method == http.MethodPost && query.Has("delete"):
		return "DeleteObjects"
	case key == "":
		return ""
	case r.Method == http.MethodGet && query.Has("uploadId"):
		return "ListParts"
	case r.Method == http.MethodGet:
		return "GetObject"
	case r.Method == http.MethodHead:
		return "HeadObject"
	case r.Method == http.MethodPut && query.Has("uploadId") && copied:
		return "UploadPartCopy"
	case r.Method == http.MethodPut && query.Has("uploadId"):
		return "UploadPart"
	case r.Method == http.MethodPut && copied:
		return "CopyObject"
	case r.Method == http.MethodPut:
		return "PutObject"
	case r.Method == http.MethodPost && query.Has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost && query.Has("uploadId"):
		return "CompleteMultipartUpload"
	case r.Method == http.MethodDelete && query.Has("uploadId"):
		return "AbortMultipartUpload"
	case r.Method == http.MethodDelete:
		return "DeleteObject"
	}
	return ""
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.now().Format(http.TimeFormat))
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	c := &call{server: s, request: r, writer: w, bucket: bucket, key: key, operation: operationOf(r, key)}
	do := operations()[c.operation]
	if do == nil {
		c.fail(refuse(http.StatusNotImplemented, "NotImplemented"))
		return
	}
	if s.options.CheckDates && !s.isNow(r.Header.Get("X-Amz-Date")) {
		c.fail(refuse(http.StatusForbidden, "RequestTimeTooSkewed"))
		return
	}
	s.mu.Lock()
	s.counts[c.operation]++
	s.mu.Unlock()
	fault := s.nextFault(c)
	if fault != nil && fault.Cut > 0 {
		_, _ = io.CopyN(io.Discard, r.Body, fault.Cut) // it may be shorter
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.ContentLength > int64(len(body)) {
		c.fail(refuse(http.StatusBadRequest, "IncompleteBody"))
		return
	}
	c.body = body
	s.inject(c, fault, func() {
		if err := do(c); err != nil {
			c.fail(err)
		}
	})
}

// isNow reports whether the date of a request is about that of the engine's clock.
func (s *Server) isNow(date string) bool {
	const most = 15 * time.Minute
	at, err := time.Parse("20060102T150405Z", date)
	return err == nil && s.now().Sub(at).Abs() <= most
}

// fail sends an error.
func (c *call) fail(err error) {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{http.StatusInternalServerError, "InternalError", err.Error()}
	}
	c.writer.Header().Set("Content-Type", "application/xml")
	c.writer.WriteHeader(f.status)
	if c.request.Method == http.MethodHead {
		return
	}
	_ = xml.NewEncoder(c.writer).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: f.code, Message: f.message})
}

// answer sends a document.
func (c *call) answer(document any) error {
	c.writer.Header().Set("Content-Type", "application/xml")
	return xml.NewEncoder(c.writer).Encode(document)
}

// etagOf returns the ETag of content in one part.
func etagOf(data []byte) string {
	sum := md5.Sum(data) // S3 defines ETags by it
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// checksumOf returns the checksum of content, as S3 writes it.
func checksumOf(data []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, tranship.CRC32C(data)))
}

// metadataOf returns the headers of a request that belong to the object.
func metadataOf(header http.Header) http.Header {
	kept := http.Header{}
	for name, values := range header {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-meta-") || name == "Content-Type" {
			kept[name] = values
		}
	}
	return kept
}

// number returns a number of the query; fallback if it is not there.
func (c *call) number(name string, fallback int) int {
	n, err := strconv.Atoi(c.request.URL.Query().Get(name))
	if err != nil {
		return fallback
	}
	return n
}
