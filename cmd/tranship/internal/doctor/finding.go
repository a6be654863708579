package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tranship/tranship"
)

// Level is how bad a Finding is.
type Level string

const (
	// Good means that the check passed.
	Good Level = "ok"
	// Note means something that an operator may want to know, or a check that was not made.
	Note Level = "note"
	// Warning means that files move, but slower, or not for long.
	Warning Level = "warning"
	// Problem means that some calls fail.
	Problem Level = "problem"
)

// The names of checks.
const (
	checkName        = "name"
	checkConnect     = "connect"
	checkCertificate = "certificate"
	checkServer      = "server"
	checkHop         = "hop"
	checkHTTP2       = "http2"
	checkLanes       = "lanes"
	checkRights      = "rights"
	checkRequest     = "request"
	checkStream      = "stream"
	checkIdle        = "idle"
	checkWrite       = "write"
	checkDisk        = "disk"
	checkClock       = "clock"
	checkSpeed       = "speed"
)

// Finding is one result.
type Finding struct {
	// Check is the name of the check.
	Check string `json:"check"`
	Level Level  `json:"level"`
	// Text says what was found, in one line.
	Text string `json:"text"`
	// Advice says what to change; "" if there is nothing to change, or if Text says it.
	Advice string `json:"advice,omitempty"`
	// Err is the error behind a Problem; nil if there is none.
	Err error `json:"-"`
}

func (e *examination) report(check string, level Level, advice, format string, args ...any) {
	e.Report(Finding{Check: check, Level: level, Text: fmt.Sprintf(format, args...), Advice: advice})
}

// problem reports the failure of a check. doing says what failed.
func (e *examination) problem(ctx context.Context, check, doing string, err error) {
	if ctx.Err() != nil {
		e.report(check, Warning, "allow more time", "%s: it was not finished in the time that is allowed", doing)
		return
	}
	text, advice := explain(err)
	e.Report(Finding{Check: check, Level: Problem, Text: doing + ": " + text, Advice: advice, Err: err})
}

// explain returns the text of an error, and the advice of the proxy that caused it.
func explain(err error) (text, advice string) {
	proxy, ok := errors.AsType[*tranship.ProxyError](err)
	if !ok {
		return err.Error(), ""
	}
	bare := *proxy
	bare.Advice = ""
	return bare.Error(), proxy.Advice
}

// round returns a duration as a person reads it.
func round(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Second:
		return d.Round(time.Second)
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > 10*time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}
