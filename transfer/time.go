package transfer

import (
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/filetime"
)

// isTimeRefused reports whether a destination refuses to make a file because it cannot keep
// its modified time.
func isTimeRefused(err error) bool {
	invalid, ok := errors.AsType[*tranship.InvalidError](err)
	return ok && invalid.Field == "attributes.modified_time"
}

// leaveTimeOut reports whether the item has to be copied again without its modified time,
// because the destination refuses the time with err: content is copied in any case. If the
// destination refuses a time that all others keep, later items are copied without theirs from
// the beginning, so that none is sent twice.
func (j *job) leaveTimeOut(modified time.Time, err error) bool {
	if j.timeRefused != nil || !isTimeRefused(err) {
		return false
	}
	j.timeRefused = err
	if filetime.IsSafe(modified) {
		j.timeless.Store(&err)
	}
	return true
}

// completed records that the destination has made a file of the source's file.
func (j *job) completed(file, made tranship.File) {
	j.result.complete(made)
	why := j.timeRefused
	if file.ModTime.IsZero() {
		return // the source has none
	}
	if why == nil {
		why = lostTime(file.ModTime, made.ModTime)
	}
	if why == nil {
		return
	}
	j.result.TimeLost = true
	j.event(Event{Kind: EventTimeLost, Err: why})
}

// lostTime returns why a file does not have the modified time of its source; nil if it does, or
// one of the times is unknown.
func lostTime(source, made time.Time) error {
	switch {
	case source.IsZero():
		return nil
	case filetime.IsClamped(source):
		return fmt.Errorf("it is not within the years 1 to 9999, and becomes %s", source.Format(time.RFC3339))
	case made.IsZero() || source.Sub(made).Abs() <= filetime.Tolerance:
		return nil
	}
	return fmt.Errorf("the destination has %s in place of %s", made.UTC().Format(time.RFC3339), source.UTC().Format(time.RFC3339))
}
