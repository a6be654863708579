package localdir

import (
	"io/fs"
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
		made := func() error { return nil }
		check("before it was made", false)
		news.used("a")
		_ = news.make("a", func() error {
			check("while it is being made", false)
			return nil
		})
		_ = news.make("b", made)
		news.used("b")
		check("after it was made", true)
		if news.has("b") || news.has("") {
			t.Error("others are new")
		}
		time.Sleep(newFor - 1)
		check("soon after", true)
		time.Sleep(time.Nanosecond)
		check("later", false)
		if len(news.made) != 0 {
			t.Errorf("%v is kept", news.made)
		}
		for i := range 3 * maxNew {
			_ = news.make(strconv.Itoa(i), made)
		}
		if len(news.made) > maxNew {
			t.Errorf("%d directories are kept", len(news.made))
		}
	})
}

// TestNewDirectoryUsedMeanwhile checks that a directory is not new if another goroutine has found it, and
// made a partial file in it, before the one that has made it could say so.
func TestNewDirectoryUsedMeanwhile(t *testing.T) {
	var news newDirectories
	_ = news.make("a", func() error {
		news.used("a")
		return nil
	})
	if news.has("a") || len(news.made) > 0 {
		t.Errorf("%v is new", news.made)
	}
	_ = news.make("a", func() error {
		news.used("a")
		// Another goroutine had found no directory before.
		return news.make("a", func() error {
			_ = news.make("a", func() error { return fs.ErrExist })
			return fs.ErrExist
		})
	})
	if news.has("a") || len(news.made) > 0 {
		t.Errorf("%v is new", news.made)
	}
}

// TestNewDirectoryMadeTwice checks which directories are new that two goroutines make at once.
func TestNewDirectoryMadeTwice(t *testing.T) {
	for name, test := range map[string]struct {
		outer, inner error
		want         bool
	}{
		"the first makes it":       {nil, fs.ErrExist, true},
		"the second makes it":      {fs.ErrExist, nil, true},
		"another process makes it": {fs.ErrExist, fs.ErrExist, false},
	} {
		var news newDirectories
		_ = news.make("a", func() error {
			_ = news.make("a", func() error { return test.inner })
			return test.outer
		})
		if news.has("a") != test.want || len(news.made) > 0 != test.want {
			t.Errorf("%s: the directory is new: %v, and %v is kept", name, !test.want, news.made)
		}
	}
}
