package wire

import (
	"strconv"
	"time"
)

// KeepAliveKey is the key of the request metadata by which a client asks the server to send
// messages on a stream on which nothing else happens; file_service.proto explains it.
const KeepAliveKey = "tranship-keep-alive"

const (
	// MinKeepAlive is the shortest interval that a server grants.
	MinKeepAlive = 500 * time.Millisecond
	// MaxKeepAlive is the longest interval that a server uses.
	MaxKeepAlive = 20 * time.Second
	// DefaultKeepAlive is the interval that a client asks for unless it must hear of the
	// server sooner. Proxies end a call after 60 s of silence (nginx), 50 s (haproxy.cfg of
	// Debian), or 30 s (many examples), so that up to five messages may be late.
	DefaultKeepAlive = 5 * time.Second
	// longestKeepAlive is the longest interval that a client may ask for.
	longestKeepAlive = time.Hour
)

// KeepAliveToMetadata returns the value of KeepAliveKey for an interval.
func KeepAliveToMetadata(interval time.Duration) string {
	return strconv.FormatInt(max(interval.Milliseconds(), 1), 10)
}

// KeepAliveFromMetadata returns the interval that a server uses for the values of
// KeepAliveKey. It returns 0 if the client asks for no messages: without values, and for one
// that is invalid.
func KeepAliveFromMetadata(values []string) time.Duration {
	if len(values) != 1 {
		return 0
	}
	millis, err := strconv.ParseUint(values[0], 10, 32)
	asked := time.Duration(millis) * time.Millisecond
	if err != nil || asked <= 0 || asked > longestKeepAlive {
		return 0
	}
	return min(max(asked, MinKeepAlive), MaxKeepAlive)
}

// Idle counts messages in a row without content, such as those that only show that the
// server is alive. They are unlimited at the rate at which they may be asked for, also if
// those of a time in which this process was stopped come at once. The zero value is ready to
// use. It is not safe for concurrent use.
type Idle struct {
	n    int
	last time.Time
}

// idlePace is the time in which one message without content is free.
const idlePace = MinKeepAlive / 2

// Count records a message, useful or not. It fails like Useless.
func (i *Idle) Count(useful bool) error {
	if useful {
		i.Useful()
		return nil
	}
	return i.Useless()
}

// Useful records a message with content.
func (i *Idle) Useful() { i.n = 0 }

// Useless records a message without content. It fails if there were too many in a row.
func (i *Idle) Useless() error {
	now := time.Now()
	if pause := now.Sub(i.last); !i.last.IsZero() && pause >= idlePace {
		const mostFree = 1 << 20
		i.n = -int(min(pause/idlePace, mostFree))
	}
	i.last = now
	i.n++
	return CheckEmpty(i.n)
}
