package display

import "errors"

// Mode is how a copy shows its progress. It implements pflag.Value.
type Mode string

const (
	// Auto means Bars on a terminal and None otherwise.
	Auto Mode = "auto"
	// Bars shows one bar for the whole copy and one for each large file.
	Bars Mode = "bars"
	// Plain prints a line at every interval.
	Plain Mode = "plain"
	// None shows nothing.
	None Mode = "none"
)

// Modes returns all modes.
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
