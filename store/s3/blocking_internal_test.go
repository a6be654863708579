package s3

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestSeenWindows has lists of several places of a directory, of which the latest one that has a path
// decides, and which count from when the engine has answered.
func TestSeenWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeen()
		check := func(when, path string, want bool) {
			t.Helper()
			if got := s.hasNoneBelow(path); got != want {
				t.Errorf("%s: nothing is below %s: %t, want %t", when, path, got, want)
			}
		}
		asked := time.Now()
		time.Sleep(2 * seenFor) // a slow answer, in virtual time
		s.addWindow("d", &window{after: "d/a", last: "d/m", at: asked})
		s.addWindow("d", &window{after: "d/n", last: "d/z", at: asked})
		check("after two lists", "d/b", true)
		check("after two lists", "d/o", true)
		check("after two lists", "d/mm", false)
		s.addWindow("d", &window{after: "d/b", last: "d/c", at: time.Now(), below: map[string]bool{"d/b": true}})
		check("after a list with a directory", "d/b", false)
		s.made("d/o/file")
		check("after a file below", "d/o", false)
		for range 2 * seenWindows {
			s.addWindow("d", &window{after: "d/x", last: "d/z", at: time.Now()})
		}
		if n := len(s.windows["d"]); n != seenWindows {
			t.Errorf("%d lists of a directory are kept, want %d", n, seenWindows)
		}
		check("after many lists", "d/y", true)
		time.Sleep(seenFor)
		check("later", "d/y", false)
	})
}
