package fakes3

import (
	"net/http"
	"strings"
)

// Fault is what goes wrong with requests. At least one of the fields of the second group must
// be set.
type Fault struct {
	// Operation is the operation whose requests it befalls, such as "PutObject"; "" for all.
	Operation string
	// Key is a part of the key of these requests.
	Key string
	// Skip is how many of these requests are served well before.
	Skip int
	// Times is how many requests it befalls then; 0 for all.
	Times int
	// Every is of how many of these requests it befalls the last one; 0 for every one.
	Every int

	// Status and Code are the error that is sent instead of the reply, such as 503 and
	// "SlowDown".
	Status int
	Code   string
	// Done serves the request before the error: the reply is lost, and the change is made.
	// Without a Status the connection is cut instead.
	Done bool
	// Cut, if not 0, reads only so many bytes of the request's body, and then cuts the
	// connection, as an engine does that dies. The request is not served.
	Cut int64
	// Truncate, if not 0, sends only so many bytes of the reply's body, and then cuts the
	// connection.
	Truncate int
	// Before, if not nil, is called before the request is served, and may block.
	Before func()

	// met counts the requests since the last one that it befell.
	met int
}

// Inject makes a fault happen. Of several faults for one request the oldest happens.
func (s *Server) Inject(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fault.Times == 0 {
		fault.Times = -1
	}
	s.faults = append(s.faults, &fault)
}

// Heal removes all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// nextFault returns the fault that befalls a request; nil for none.
func (s *Server) nextFault(c *call) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range s.faults {
		if fault.Operation != "" && fault.Operation != c.operation || !strings.Contains(c.key, fault.Key) || fault.Times == 0 {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		if fault.met++; fault.met < fault.Every {
			continue
		}
		fault.met = 0
		if fault.Times > 0 {
			fault.Times--
		}
		return fault
	}
	return nil
}

// inject serves a request with what goes wrong; nil for nothing.
func (s *Server) inject(c *call, fault *Fault, serve func()) {
	if fault == nil {
		serve()
		return
	}
	if fault.Before != nil {
		fault.Before()
	}
	real := c.writer
	switch {
	case fault.Truncate > 0:
		c.writer = &truncated{ResponseWriter: real, left: fault.Truncate}
		serve()
		return
	case fault.Done:
		c.writer = &lost{header: http.Header{}}
		serve()
		c.writer = real
	}
	switch {
	case fault.Status != 0:
		c.fail(refuse(fault.Status, fault.Code))
	case fault.Done:
		panic(http.ErrAbortHandler)
	default:
		serve()
	}
}

// truncated cuts the connection after some bytes of a body.
type truncated struct {
	http.ResponseWriter
	left int
}

func (t *truncated) Write(data []byte) (int, error) {
	if len(data) < t.left {
		t.left -= len(data)
		return t.ResponseWriter.Write(data)
	}
	_, _ = t.ResponseWriter.Write(data[:t.left])
	_ = http.NewResponseController(t.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// lost takes a reply that nothing receives.
type lost struct{ header http.Header }

func (l *lost) Header() http.Header            { return l.header }
func (l *lost) Write(data []byte) (int, error) { return len(data), nil }
func (l *lost) WriteHeader(int)                {}
