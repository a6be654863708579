package display

import "errors"

// Mode is how a copy shows how far it is. It is a flag.
type Mode string

const (
	// Auto is Bars on a terminal, and otherwise None.
	Auto Mode = "auto"
	// Bars are on a terminal, one for each large file and one for all.
	Bars Mode = "bars"
	// Plain is a line at every interval.
	Plain Mode = "plain"
	// None shows nothing.
	None Mode = "none"
)

// Modes are all of them.
func Modes() []string { return []string{string(Auto), string(Bars), string(Plain), string(None)} }

// Set implements pflag.Value.
func (m *Mode) Set(text string) error {
	switch Mode(text) {
	case Auto, Bars, Plain, None:
		*m = Mode(text)
		return nil
	}
	return errors.New("it must be auto, bars, plain or none")
}

// String implements pflag.Value.
func (m *Mode) String() string { return string(*m) }

// Type implements pflag.Value.
func (m *Mode) Type() string { return "mode" }
