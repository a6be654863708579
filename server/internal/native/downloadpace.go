package native

import (
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/internal/wire"
)

const (
	// largeDownloadChunk is how many bytes go into one message of a fast download: the most that
	// the protocol allows. Both ends then wake and wait for each other less often; see
	// docs/design/performance.md.
	largeDownloadChunk = wire.MaxChunkBytes
	// largeDownloads is how many downloads with large chunks are under way at most, so that large
	// chunks take 3 MiB more at most.
	largeDownloads = 4
	// fastRate is the least rate of a fast download, in bytes a second: a large chunk then takes
	// 32 ms.
	fastRate = 32 << 20
	// paceBytes is how many bytes a download sends before it measures its rate.
	paceBytes = 4 << 20
)

// downloadPace chooses the length of the chunks of one download. It is large while the download is
// fast and one of few that are. It belongs to one goroutine.
type downloadPace struct {
	// large counts the downloads of the service with large chunks; nil if the download has none.
	large *atomic.Int32
	// isLarge means that the download counts among them.
	isLarge bool
	// measuring is when the current measurement of the rate began, and measured how many bytes
	// were sent since then.
	measuring time.Time
	measured  int64
}

// pace returns the pace of another download. Only one on a lane may have large chunks.
func (d *downloadStream) pace() *downloadPace {
	p := &downloadPace{measuring: time.Now()}
	if observation.Transport(d.ctx) == tranship.TransportLanes {
		p.large = &d.service.largeDownloads
	}
	return p
}

// chunkBytes returns how many bytes the next chunk should have.
func (p *downloadPace) chunkBytes() int {
	if p.isLarge {
		return largeDownloadChunk
	}
	return downloadChunk
}

// note records that n bytes were sent.
func (p *downloadPace) note(n int64) {
	if p.measured += n; p.large == nil || p.measured < paceBytes {
		return
	}
	now := time.Now()
	isFast := float64(p.measured) >= fastRate*now.Sub(p.measuring).Seconds()
	p.measured, p.measuring = 0, now
	switch {
	case !isFast:
		p.end()
	case !p.isLarge:
		if p.isLarge = p.large.Add(1) <= largeDownloads; !p.isLarge {
			p.large.Add(-1)
		}
	}
}

// end makes room for another download with large chunks.
func (p *downloadPace) end() {
	if p.isLarge {
		p.isLarge = false
		p.large.Add(-1)
	}
}
