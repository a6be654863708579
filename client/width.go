package client

import (
	"math"
	"sync/atomic"
	"time"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// maxConnections is the largest number of gRPC connections that carry large files.
	maxConnections = 4
	// linkRate is the rate that the streams of gRPC should reach together, in bytes a second. It
	// is above 1 Gbit/s, because streams do not share a link evenly.
	linkRate = 150e6
)

// width decides how many streams a large file uses on a transport. A stream moves at most one
// window in a round trip, so that a long link needs several.
type width struct {
	// rate is the rate that the streams should reach together, in bytes a second.
	rate float64
	// window is the number of bytes that a stream has under way at most.
	window float64
	// most is the largest number of streams.
	most int
}

// uploadWidth is the width of uploads over gRPC: 1 stream up to 5 ms, 20 at 100 ms, 24 from
// 121 ms. A stream has a server's flow-control window of 1 MiB, of which up to a fourth may
// be free before the client learns of it.
func uploadWidth() width { return width{rate: linkRate, window: 3 << 18, most: 24} }

// downloadWidth is the width of downloads over gRPC: 1 stream up to 13 ms, 8 from 98 ms. A
// stream has a client's flow-control window. It counts as half of that, because nothing
// moves for a round trip before each range. More streams would not be faster, and would take
// more memory.
func downloadWidth() width { return width{rate: linkRate, window: streamWindow / 2, most: 8} }

// lanesWidth is the width of uploads and downloads on lanes, each of which is a connection: 1 up
// to 26 ms, 4 at 100 ms and 8 from 184 ms. A connection has the largest send buffer of Linux
// (tcp_wmem), which carries 40 MB/s at 100 ms.
func lanesWidth() width { return width{rate: 160e6, window: 4 << 20, most: 8} }

// streams returns the number of streams for a round trip; at least 1.
func (w width) streams(roundTrip time.Duration) int {
	needed := math.Ceil(roundTrip.Seconds() * w.rate / w.window)
	return int(min(max(needed, 1), float64(w.most)))
}

// connection returns the connection for the n-th stream. Streams use the connections in
// turn.
func (c *Client) connection(n uint64) transhipv1.FileServiceClient {
	number := c.fixed
	if number == 0 {
		number = min(uploadWidth().streams(c.roundTrip.get()), maxConnections)
	}
	return c.connections.service(int(n % uint64(number))) //nolint:gosec // number is positive, and n % number is less
}

// Width implements tranship.WidthHinter. It is the number of streams for a download.
func (c *Client) Width() int { return c.streams(downloadWidth()) }

// streams returns the number of streams for a large file: that of lanesWidth if the next call uses
// lanes, and otherwise that of overGRPC.
func (c *Client) streams(overGRPC width) int {
	chosen := overGRPC
	if c.hasLanes() {
		chosen = lanesWidth()
	}
	return max(chosen.streams(c.roundTrip.get()), c.fixed)
}

// shortestRoundTrip is the shortest round trip to a server so far. A reply is late if the
// server is busy, and never early. It is safe for concurrent use; the zero value is ready.
type shortestRoundTrip struct{ nanoseconds atomic.Int64 }

// note records how long a reply took.
func (s *shortestRoundTrip) note(roundTrip time.Duration) {
	for {
		before := s.nanoseconds.Load()
		if before != 0 && int64(roundTrip) >= before {
			return
		}
		if s.nanoseconds.CompareAndSwap(before, max(int64(roundTrip), 1)) {
			return
		}
	}
}

// get returns the shortest round trip; 0 before the first reply.
func (s *shortestRoundTrip) get() time.Duration { return time.Duration(s.nanoseconds.Load()) }
