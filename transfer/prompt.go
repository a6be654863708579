package transfer

import "time"

const (
	// promptTime is the longest time in which a chunk is read promptly. A chunk of 1 MiB in the page
	// cache takes a twentieth of it, and one on a disk that reads 200 MB/s all of it.
	promptTime = 5 * time.Millisecond
	// latePoints are what a late chunk counts, and mostPoints are what a prompt content has at most: it
	// ends with two late chunks in a row, or almost. A chunk that is not late takes one point back,
	// because a reader that once had to wait for a processor has not waited for a disk.
	latePoints, mostPoints = 4, 6
)

// prompt finds out whether a content is read so quickly, from the page cache, that the goroutine
// which passes on its chunks reads them itself. Their bytes then stay in the caches of one processor,
// and no other goroutine is woken for them. The zero value is ready: a content is prompt at first. It
// is not safe for concurrent use.
type prompt struct{ points int }

// isPrompt reports whether the content has been prompt so far.
func (p *prompt) isPrompt() bool { return p.points <= mostPoints }

// note records how long the content took for a chunk.
func (p *prompt) note(took time.Duration) {
	if took > promptTime {
		p.points += latePoints
	} else {
		p.points = max(0, p.points-1)
	}
}
