package display

import (
	"os"

	"golang.org/x/sys/windows"
)

// inForeground returns true: on Windows, programs share a console.
func inForeground(*os.File) bool { return true }

// handleStops does nothing: Windows does not stop programs.
func (s *screen) handleStops() (release func()) { return func() {} }

// enableEscapes makes a console understand escape sequences, and reports whether it does.
func enableEscapes(terminal *os.File) bool {
	if os.Getenv("TERM") == "dumb" {
		return false
	}
	console := windows.Handle(terminal.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return true // a terminal that is not a console, such as that of ssh
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
