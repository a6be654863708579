package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/bytesize"
	"github.com/tranship/tranship/store/retry"
	"github.com/tranship/tranship/transfer"
)

const (
	// slowDisk is how long a durable commit takes that makes a disk slow, beside the round trip: a
	// disk that turns needs 10 to 30 ms.
	slowDisk = 100 * time.Millisecond
	// commits is how often a commit is timed. The shortest counts.
	commits = 3
	// skew is how far two clocks may differ.
	skew = 30 * time.Second
)

// TemporaryPrefix begins the name of each file that is written.
const TemporaryPrefix = ".tranship-doctor-"

// write stores a file, reads it back and removes it.
func (e *examination) write(ctx context.Context) {
	if !e.Write {
		e.report(checkWrite, Note, "pass --write to store and remove a file of a temporary name", "rights to write, the server's disk and clock, and the speed of files: not examined")
		return
	}
	connected, err := client.Dial(ctx, e.URL, e.Client)
	if err != nil {
		e.problem(ctx, checkWrite, "connecting", e.Advise(err))
		return
	}
	defer connected.Close()
	// A proxy that has ended a call may end its connection to the server, too.
	c := retry.New(connected, retry.Options{})
	path := transfer.Join(e.Path, TemporaryPrefix+rand.Text())
	// Without the right to remove it, the file would stay.
	if err := c.Remove(ctx, path, tranship.Precondition{}); err != nil && !errors.Is(err, tranship.ErrNotFound) {
		e.problem(ctx, checkWrite, fmt.Sprintf("nothing is written: the caller could not remove %q again", path), e.Advise(err))
		return
	}
	defer e.remove(ctx, c, path)
	switch {
	case !e.commit(ctx, c, path):
	case e.isLimited:
		e.report(checkSpeed, Note, "", "the speed of files: not examined, because calls of that size are ended")
	default:
		e.speed(ctx, c, path)
	}
}

// remove removes the file, also when the time is over.
func (e *examination) remove(ctx context.Context, c *retry.Store, path string) {
	removing, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.Patience)
	defer cancel()
	err := c.Remove(removing, path, tranship.Precondition{})
	if err != nil && !errors.Is(err, tranship.ErrNotFound) {
		advice := "run tranship rm for it"
		if errors.Is(err, tranship.ErrDenied) {
			advice = "have it removed by a principal that may delete there"
		}
		e.Report(Finding{
			Check: checkWrite, Level: Problem, Err: err, Advice: advice,
			Text: fmt.Sprintf("the file %q stays at the server: removing it: %v", path, err),
		})
	}
}

// commit times commits that are durable, and compares the clocks.
func (e *examination) commit(ctx context.Context, c *retry.Store, path string) bool {
	var shortest time.Duration
	var ahead, doubt time.Duration
	for i := range commits {
		begun := e.Now()
		file, err := c.Put(ctx, tranship.Spec{Path: path, Durability: tranship.DurabilityDurable}, []byte("tranship doctor"))
		if err != nil {
			e.problem(ctx, checkWrite, fmt.Sprintf("storing %q", path), e.Advise(err))
			return false
		}
		if took := e.Now().Sub(begun); i == 0 || took < shortest {
			shortest = took
			// The server's clock has set the modified time between the two ends of the call.
			doubt = took/2 + file.ModTimeUnit
			ahead = file.ModTime.Sub(begun.Add(took / 2))
		}
	}
	e.report(checkWrite, Good, "", "the caller may store and replace files below %q", "/"+e.Path)
	disk := max(shortest-e.roundTrip, 0)
	if disk >= slowDisk {
		e.report(checkDisk, Warning, "use a disk that is faster at syncs, or --durability written if files may be lost at a power failure", "a durable commit takes %v beside the round trip: the server's disk is slow", round(disk))
	} else {
		e.report(checkDisk, Good, "", "a durable commit takes %v beside the round trip", round(disk))
	}
	if ahead.Abs() > skew+doubt {
		side := "ahead of"
		if ahead < 0 {
			side = "behind"
		}
		e.report(checkClock, Warning, "set both clocks by NTP: certificates, tokens and modified times depend on them", "the server's clock is %v %s that of this machine", round(ahead.Abs()), side)
	} else {
		e.report(checkClock, Good, "", "the clocks differ by less than %v", skew)
	}
	return true
}

// speed stores a larger file, and reads it back.
func (e *examination) speed(ctx context.Context, c *retry.Store, path string) {
	data := make([]byte, e.SendBytes)
	_, _ = rand.Read(data) // it never fails; zeros would pass as a number
	begun := e.Now()
	if _, err := transfer.UploadFrom(ctx, c, bytes.NewReader(data), tranship.Spec{Path: path, Size: &e.SendBytes}); err != nil {
		e.problem(ctx, checkSpeed, fmt.Sprintf("storing a file of %s", bytesize.Text(float64(len(data)))), err)
		return
	}
	up := e.Now().Sub(begun)
	begun = e.Now()
	var back bytes.Buffer
	if _, err := transfer.DownloadTo(ctx, c, path, &back, transfer.ReaderOptions{}); err != nil {
		e.problem(ctx, checkSpeed, fmt.Sprintf("reading a file of %s", bytesize.Text(float64(len(data)))), err)
		return
	}
	down := e.Now().Sub(begun)
	if !bytes.Equal(back.Bytes(), data) {
		e.problem(ctx, checkSpeed, "reading the file back", tranship.ErrIntegrity)
		return
	}
	over := "gRPC"
	if e.lanesWork {
		over = "lanes"
	}
	rate := func(took time.Duration) string {
		return bytesize.Text(float64(len(data)) / max(took.Seconds(), 1e-6))
	}
	e.report(checkSpeed, Good, "", "a file of %s went up at %s/s and down at %s/s over %s", bytesize.Text(float64(len(data))), rate(up), rate(down), over)
}
