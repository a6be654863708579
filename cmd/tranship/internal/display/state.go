package display

import (
	"path"
	"path/filepath"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/transfer"
)

// state is how far a copy is at one moment.
type state struct {
	files, filesDone int64
	// bytes are of all files; of them done are where they should be, of which
	// moved came through here.
	bytes, done, moved int64
	// final: all files are listed and of known size.
	final bool
	// flying are the large files in flight, in the order they began.
	flying []flight
}

// flight is how far one file is.
type flight struct {
	flightKey
	name string
	// size is -1 when it is not known.
	size, done int64
}

// flightKey tells one file in flight from the others.
type flightKey struct {
	path  string
	begun time.Time
}

// stateOf is the state of a copy.
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

// timeLeft is in seconds; negative when it is not known.
func (s state) timeLeft(rate float64) float64 {
	if left := s.bytes - s.done; s.final && left <= 0 {
		return 0
	} else if s.final && rate > 0 {
		return float64(left) / rate
	}
	return -1
}
