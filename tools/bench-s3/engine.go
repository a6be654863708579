package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// keptBytes is the length of the longest object whose bytes the engine keeps. The bytes of a
// longer one are discarded, and those of block, again and again, are returned instead.
const keptBytes = 1 << 20

// newBlock returns the bytes that large files repeat. No run of them is zero.
func newBlock() []byte {
	block := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(block)
	return block
}

// engine is an S3 engine that costs as little as possible, so that what is measured is what
// talks to it. It checks the conditions of PutObject, and believes checksums.
type engine struct {
	block   []byte
	buffers sync.Pool

	mu      sync.Mutex
	objects map[string]*object
	uploads map[string]*multipart
	counts  map[string]int
	last    int
}

type object struct {
	size     int64
	data     []byte // nil if it was discarded
	etag     string
	header   http.Header // metadata and checksum
	modified time.Time
}

func newEngine() *engine {
	return &engine{
		block: newBlock(), buffers: sync.Pool{New: func() any { return new([1 << 20]byte) }},
		objects: map[string]*object{}, uploads: map[string]*multipart{}, counts: map[string]int{},
	}
}

// serveEngine serves an engine on a free port of a host, and prints the address.
func serveEngine(host string) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return http.Serve(listener, newEngine()) //nolint:gosec // it serves this machine only
}

// countsPath is the path whose reply has the requests since the last one, by operation.
const countsPath = "/.counts"

// ServeHTTP implements http.Handler.
func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == countsPath {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, name := range slices.Sorted(maps.Keys(e.counts)) {
			fmt.Fprintln(w, name, e.counts[name])
		}
		clear(e.counts)
		return
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	body, err := e.read(r)
	if err != nil {
		return
	}
	name, serve := e.operation(r, key)
	e.mu.Lock()
	e.counts[name]++
	e.mu.Unlock()
	serve(w, r, key, body)
}

// read reads the body of a request.
func (e *engine) read(r *http.Request) (*object, error) {
	body := &object{size: r.ContentLength, modified: time.Now().UTC()}
	if body.size <= keptBytes {
		var err error
		body.data, err = io.ReadAll(r.Body)
		return body, err
	}
	buffer := e.buffers.Get().(*[1 << 20]byte) //nolint:errcheck // the pool has no others
	defer e.buffers.Put(buffer)
	_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, buffer[:])
	return body, err
}

type handler func(w http.ResponseWriter, r *http.Request, key string, body *object)

// operation returns the operation that a request asks for.
func (e *engine) operation(r *http.Request, key string) (string, handler) {
	query := r.URL.Query()
	switch {
	case key == "" && r.Method == http.MethodHead:
		return "HeadBucket", func(http.ResponseWriter, *http.Request, string, *object) {}
	case key == "" && query.Has("uploads"):
		return "ListMultipartUploads", func(w http.ResponseWriter, _ *http.Request, _ string, _ *object) {
			reply(w, struct {
				XMLName xml.Name `xml:"ListMultipartUploadsResult"`
			}{})
		}
	case key == "":
		return "ListObjectsV2", e.list
	case r.Method == http.MethodPost && query.Has("uploads"):
		return "CreateMultipartUpload", e.create
	case r.Method == http.MethodPost:
		return "CompleteMultipartUpload", e.complete
	case r.Method == http.MethodPut && query.Has("partNumber"):
		return "UploadPart", e.putPart
	case r.Method == http.MethodPut:
		return "PutObject", e.put
	case r.Method == http.MethodDelete && query.Has("uploadId"):
		return "AbortMultipartUpload", e.abort
	case r.Method == http.MethodDelete:
		return "DeleteObject", e.remove
	case query.Has("uploadId"):
		return "ListParts", e.listParts
	}
	return map[bool]string{true: "HeadObject", false: "GetObject"}[r.Method == http.MethodHead], e.get
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
}

// checksumHeader is the header of a checksum.
const checksumHeader = "X-Amz-Checksum-Crc32c"

// described returns the headers that an object keeps.
func described(header http.Header) http.Header {
	kept := http.Header{}
	for name, values := range header {
		if strings.HasPrefix(name, "X-Amz-Meta-") || name == checksumHeader {
			kept[name] = values
		}
	}
	return kept
}

func (e *engine) nameLocked() string {
	e.last++
	return `"` + fmt.Sprintf("%032x", e.last) + `"`
}

// holdsLocked checks the conditions of a request.
func (e *engine) holdsLocked(w http.ResponseWriter, r *http.Request, key string) bool {
	there := e.objects[key]
	match := r.Header.Get("If-Match")
	switch {
	case r.Header.Get("If-None-Match") == "*" && there != nil, match != "" && there != nil && match != there.etag:
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
	case match != "" && there == nil:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	default:
		return true
	}
	return false
}

func (e *engine) put(w http.ResponseWriter, r *http.Request, key string, body *object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.holdsLocked(w, r, key) {
		return
	}
	body.header, body.etag = described(r.Header), e.nameLocked()
	e.objects[key] = body
	w.Header().Set("ETag", body.etag)
}

func (e *engine) remove(w http.ResponseWriter, r *http.Request, key string, _ *object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.holdsLocked(w, r, key) {
		delete(e.objects, key)
		w.WriteHeader(http.StatusNoContent)
	}
}

// get serves GetObject and HeadObject.
func (e *engine) get(w http.ResponseWriter, r *http.Request, key string, _ *object) {
	e.mu.Lock()
	found := e.objects[key]
	e.mu.Unlock()
	if found == nil {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	header := w.Header()
	for name, values := range found.header {
		header[name] = values
	}
	header.Set("ETag", found.etag)
	header.Set("Last-Modified", found.modified.Format(http.TimeFormat))
	first, end, status := int64(0), found.size, http.StatusOK
	if wanted, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		from, to, _ := strings.Cut(wanted, "-")
		first, _ = strconv.ParseInt(from, 10, 64)
		if last, err := strconv.ParseInt(to, 10, 64); err == nil {
			end = min(end, last+1)
		}
		header.Del(checksumHeader)
		header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, end-1, found.size))
		status = http.StatusPartialContent
	}
	if found.header.Get(checksumHeader) != "" && status == http.StatusOK {
		header.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
	header.Set("Content-Length", strconv.FormatInt(max(end-first, 0), 10))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if found.data != nil {
		_, _ = w.Write(found.data[first:end])
		return
	}
	for first < end {
		at := first % int64(len(e.block))
		n, err := w.Write(e.block[at:min(int64(len(e.block)), at+end-first)])
		if first += int64(n); err != nil {
			return
		}
	}
}

func (e *engine) list(w http.ResponseWriter, r *http.Request, _ string, _ *object) {
	query := r.URL.Query()
	prefix, after, most := query.Get("prefix"), max(query.Get("start-after"), query.Get("continuation-token")), 1000
	if n, err := strconv.Atoi(query.Get("max-keys")); err == nil {
		most = min(most, n)
	}
	type contents struct {
		Key          string
		ETag         string
		Size         int64
		LastModified string
	}
	type result struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []contents
		CommonPrefixes        []struct{ Prefix string }
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var all result
	for _, key := range slices.Sorted(maps.Keys(e.objects)) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || key <= after {
			continue
		}
		if len(all.Contents)+len(all.CommonPrefixes) == most {
			all.IsTruncated = true
			break
		}
		if name, _, found := strings.Cut(rest, "/"); found && query.Get("delimiter") == "/" {
			common := prefix + name + "/"
			if n := len(all.CommonPrefixes); n == 0 || all.CommonPrefixes[n-1].Prefix != common {
				all.CommonPrefixes = append(all.CommonPrefixes, struct{ Prefix string }{common})
			}
			continue
		}
		found := e.objects[key]
		all.Contents = append(all.Contents, contents{key, found.etag, found.size, found.modified.Format(time.RFC3339)})
		all.NextContinuationToken = key
	}
	if !all.IsTruncated {
		all.NextContinuationToken = ""
	}
	reply(w, all)
}
