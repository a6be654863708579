package main

import (
	"errors"

	"github.com/tranship/tranship"
)

// durabilityFlag is a flag: a tranship.Durability. Without the flag it is
// tranship.DurabilityDefault.
type durabilityFlag tranship.Durability

// durabilities returns the values of the flag.
func durabilities() []string {
	return []string{tranship.DurabilityDurable.String(), tranship.DurabilityWritten.String()}
}

// Set implements pflag.Value.
func (d *durabilityFlag) Set(text string) error {
	for _, durability := range []tranship.Durability{tranship.DurabilityWritten, tranship.DurabilityDurable} {
		if text == durability.String() {
			*d = durabilityFlag(durability)
			return nil
		}
	}
	return errors.New("it must be durable or written")
}

// String implements pflag.Value.
func (d *durabilityFlag) String() string {
	if !d.given() {
		return ""
	}
	return tranship.Durability(*d).String()
}

// Type implements pflag.Value.
func (d *durabilityFlag) Type() string { return "durability" }

// given reports whether the flag was set.
func (d *durabilityFlag) given() bool { return tranship.Durability(*d) != tranship.DurabilityDefault }
