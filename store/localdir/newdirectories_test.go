package localdir

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestNewDirectories checks when a directory is new.
func TestNewDirectories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var news newDirectories
		check := func(when string, want bool) {
			t.Helper()
			if news.has("a") != want {
				t.Errorf("%s: the directory is new: %v", when, !want)
			}
		}
		check("before it was made", false)
		news.used("a")
		news.made("a")
		news.made("b")
		news.used("b")
		check("after it was made", true)
		if news.has("b") || news.has("") {
			t.Error("others are new")
		}
		time.Sleep(newFor - 1)
		check("soon after", true)
		time.Sleep(1)
		check("later", false)
		if len(news.since) != 0 {
			t.Errorf("%v is kept", news.since)
		}
		for i := range 3 * maxNew {
			news.made(strconv.Itoa(i))
		}
		if len(news.since) > maxNew {
			t.Errorf("%d directories are kept", len(news.since))
		}
	})
}
