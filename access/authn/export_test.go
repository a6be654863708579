package authn

import "time"

// SetAfter makes a test the clock that streams wait by.
func (i *Interceptor) SetAfter(after func(time.Duration) <-chan time.Time) { i.after = after }

// ParseBearer is for fuzzing.
var ParseBearer = parseBearer
