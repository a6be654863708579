package main

import (
	"errors"
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
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("it must be a duration, such as 1m30s")
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
