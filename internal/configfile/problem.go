package configfile

import "time"

// remindInterval is the time between two reports of the same error.
const remindInterval = time.Minute

// Problem is why a file that is read again and again cannot be used at the moment. It
// decides when the owner logs the error: at once, when its text changes, and then once a
// minute. The zero value means that there is none. It is not safe for concurrent use.
type Problem struct {
	text     string
	reported time.Time
}

// Is reports whether there is a problem.
func (p *Problem) Is() bool { return p.text != "" }

// Note records an error at the time now, and reports whether it has to be logged.
func (p *Problem) Note(err error, now time.Time) bool {
	since := now.Sub(p.reported)
	if err.Error() == p.text && since >= 0 && since < remindInterval {
		return false
	}
	p.text, p.reported = err.Error(), now
	return true
}

// Clear records that the file can be used, and reports whether there was a problem.
func (p *Problem) Clear() bool {
	had := p.Is()
	*p = Problem{}
	return had
}
