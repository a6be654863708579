//go:build unix

package display

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// inForeground reports whether this process may draw on a terminal: false after bg, or if it
// was started with &. An output that is not a terminal counts as one.
func inForeground(terminal *os.File) bool {
	if terminal == nil {
		return true
	}
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// handleStops removes what was drawn before the terminal stops this process, usually by
// Ctrl-Z, and makes the screen draw in a new place after it was stopped. The returned
// function ends that.
func (s *screen) handleStops() (release func()) {
	if s.file == nil {
		return func() {}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTSTP, syscall.SIGCONT)
	var handling sync.WaitGroup
	handling.Go(func() {
		for received := range signals {
			if received == syscall.SIGTSTP {
				s.erase()
				// The default action of the signal that was caught.
				_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
			} else {
				s.forget()
			}
		}
	})
	return func() {
		signal.Stop(signals)
		close(signals)
		handling.Wait()
	}
}

// enableEscapes reports whether a terminal understands escape sequences.
func enableEscapes(*os.File) bool { return os.Getenv("TERM") != "dumb" }
