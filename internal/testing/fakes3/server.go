// Package fakes3 is an S3 engine in memory, for tests. It has the operations that package s3
// uses, checks conditions and checksums as the best engines do, and can be told to fail, to
// lose replies and to lack features. Unlike other engines it takes parts of any size. It does
// not check signatures.
package fakes3

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Options are how an engine differs from the best one. The zero value is the best one.
type Options struct {
	// MinPartBytes is the least length of a part that is not the last, in bytes; 0 for any.
	MinPartBytes int64
	// NoConditionalPut makes the engine ignore the conditions of PutObject.
	NoConditionalPut bool
	// NoConditionalComplete makes the engine ignore the conditions of
	// CompleteMultipartUpload.
	NoConditionalComplete bool
	// NoConditionalDelete makes the engine ignore the conditions of DeleteObject.
	NoConditionalDelete bool
	// NoChecksum makes the engine ignore checksums.
	NoChecksum bool
	// FalseComplete makes the engine answer a CompleteMultipartUpload of an upload that is
	// complete already with success, whatever parts it names.
	FalseComplete bool
	// Completing, if not nil, is called while the engine makes an object of an upload. The engine
	// then has neither the upload nor the object, as versitygw does for a while. It may block.
	Completing func()
	// KeepObject, if not nil, tells whether DeleteObjects fails for a key.
	KeepObject func(key string) bool
	// Unquoted makes the engine compare If-Match with ETags without their quotes.
	Unquoted bool
	// NoEncoding makes the engine ignore the encoding of keys that a list asks for.
	NoEncoding bool
	// ClockSkew is how far the clock of the engine is ahead of this machine's.
	ClockSkew time.Duration
	// CheckDates makes the engine refuse requests whose date differs from its clock by more
	// than 15 minutes.
	CheckDates bool
}

// Server is an engine with one bucket. It is an http.Handler, and safe for concurrent use.
type Server struct {
	options Options
	// skew is how far the clock is ahead, a time.Duration.
	skew atomic.Int64

	mu      sync.Mutex
	objects map[string]*object
	uploads map[string]*multipart
	// made has the ETags of the objects that uploads became, by upload.
	made   map[string]string
	faults []*Fault
	counts map[string]int
}

// object is immutable. A change replaces it.
type object struct {
	data     []byte
	etag     string
	metadata http.Header
	modified time.Time
	// crc32c is the checksum as S3 writes it; "" for none. full is set if it is that of the
	// whole content of a multipart upload.
	crc32c string
	full   bool
}

// multipart is an upload in parts.
type multipart struct {
	id, key  string
	metadata http.Header
	begun    time.Time
	// checksums is set if the upload was created with an algorithm.
	checksums bool
	parts     map[int]*object
}

// New returns an empty engine.
func New(options Options) *Server {
	s := &Server{options: options, objects: map[string]*object{}, uploads: map[string]*multipart{}, made: map[string]string{}, counts: map[string]int{}}
	s.Advance(options.ClockSkew)
	return s
}

// Start serves an engine on a loopback address until the test ends, and returns its endpoint.
func (s *Server) Start(t testing.TB) (endpoint string) {
	listener := httptest.NewServer(s)
	t.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})
	return listener.URL
}

// now returns the time of the engine's clock.
func (s *Server) now() time.Time { return time.Now().Add(time.Duration(s.skew.Load())).UTC() }

// Advance puts the clock of the engine forward.
func (s *Server) Advance(d time.Duration) { s.skew.Add(int64(d)) }

// Requests returns how many requests of each operation the engine had, by the name of the
// operation, such as "PutObject".
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int, len(s.counts))
	for operation, n := range s.counts {
		counts[operation] = n
	}
	return counts
}

// Keys returns how many objects and multipart uploads the engine has whose keys begin with
// prefix.
func (s *Server) Keys(prefix string) (objects, uploads int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.objects {
		if len(key) >= len(prefix) && key[:len(prefix)] == prefix {
			objects++
		}
	}
	for _, upload := range s.uploads {
		if len(upload.key) >= len(prefix) && upload.key[:len(prefix)] == prefix {
			uploads++
		}
	}
	return objects, uploads
}
