package main

import (
	"errors"
	"time"
)

// timespanFlag is a flag of a time that must be more than 0.
type timespanFlag time.Duration

// timespan is the flag that sets p, which has a value by default.
func timespan(p *time.Duration, value time.Duration) *timespanFlag {
	*p = value
	return (*timespanFlag)(p)
}

// Set implements pflag.Value.
func (f *timespanFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("it must be a time, as 1m30s")
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
