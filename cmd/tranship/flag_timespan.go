package main

import (
	"errors"
	"strconv"
	"strings"
	"time"
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

// maxDays keeps the product with 24 hours within a time.Duration.
const maxDays = 100_000

// parseTimespan returns the duration that a text means: whole days, such as 7d, or what
// time.ParseDuration accepts.
func parseTimespan(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 32); err == nil {
			return time.Duration(min(n, maxDays)) * 24 * time.Hour, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	return 0, errors.New("it must be a duration with the units ms, s, m and h, such as 1m30s, or whole days, such as 7d")
}
