package main

import (
	"errors"
	"time"

	spans "github.com/tranship/tranship/internal/timespan"
)

// timespanFlag is a flag: a duration that must be more than 0.
type timespanFlag time.Duration

// timespan returns the flag that sets *p, whose default is value.
func timespan(p *time.Duration, value time.Duration) *timespanFlag {
	*p = value
	return (*timespanFlag)(p)
}

// Set implements pflag.Value.
func (f *timespanFlag) Set(text string) error {
	d, err := parseTimespan(text)
	if err != nil {
		return err
	}
	if d <= 0 {
		return errors.New("it must be more than 0")
	}
	*f = timespanFlag(d)
	return nil
}

// String implements pflag.Value.
func (f *timespanFlag) String() string { return time.Duration(*f).String() }

// Type implements pflag.Value.
func (f *timespanFlag) Type() string { return "duration" }

// spanFlag is a flag: a duration, whose range the command checks.
type spanFlag time.Duration

// span returns the flag that sets *p, whose default is value.
func span(p *time.Duration, value time.Duration) *spanFlag {
	*p = value
	return (*spanFlag)(p)
}

// Set implements pflag.Value.
func (f *spanFlag) Set(text string) error {
	d, err := parseTimespan(text)
	if err == nil {
		*f = spanFlag(d)
	}
	return err
}

// String implements pflag.Value.
func (f *spanFlag) String() string { return time.Duration(*f).String() }

// Type implements pflag.Value.
func (f *spanFlag) Type() string { return "duration" }

// parseTimespan returns the duration that a text means.
func parseTimespan(text string) (time.Duration, error) {
	if d, ok := spans.Parse(text); ok {
		return d, nil
	}
	return 0, errors.New(spans.Rule)
}
