package display

import (
	"path"
	"path/filepath"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/transfer"
)

// state is the progress of a copy at one moment.
type state struct {
	files, filesDone int64
	// bytes is the size of all files; done of them are at the target, of which moved went
	// through this process.
	bytes, done, moved int64
	// final reports that all files are listed and have a known size.
	final bool
	// flying has the large files in flight, in the order in which they began.
	flying []flight
}

// flight is the progress of one file.
type flight struct {
	flightKey
	name string
	// size is -1 if it is unknown.
	size, done int64
}

// flightKey identifies a file in flight.
type flightKey struct {
	path  string
	begun time.Time
}

// stateOf returns the state of a copy.
func stateOf(progress *transfer.Progress) state {
	count := progress.Count()
	s := state{
		files:     count.Files,
		filesDone: count.FilesDone,
		bytes:     count.Bytes,
		done:      count.BytesDone,
		moved:     count.Received,
		final:     count.Final,
	}
	for _, f := range progress.InFlight() {
		if f.Size < 0 || f.Size > tranship.MaxPutBytes {
			s.flying = append(s.flying, flight{flightKey{f.Path, f.Begun}, path.Base(filepath.ToSlash(f.Source)), f.Size, f.There()})
		}
	}
	return s
}

// timeLeft returns the time left in seconds; negative if it is unknown.
func (s state) timeLeft(rate float64) float64 {
	if left := s.bytes - s.done; s.final && left <= 0 {
		return 0
	} else if s.final && rate > 0 {
		return float64(left) / rate
	}
	return -1
}
