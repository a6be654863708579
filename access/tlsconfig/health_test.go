package tlsconfig_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/testing/testclock"
)

// A certificate that clients must refuse fails the check; files that vanish do not, because
// the last valid ones are in use.
func TestCheckHealth(t *testing.T) {
	s := newSite(t)
	clock := testclock.New(time.Now())
	files := must(tlsconfig.OpenFiles(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, Now: clock.Now}))
	check := func(when, want string) {
		t.Helper()
		switch err := files.CheckHealth(t.Context()); {
		case want == "" && err != nil:
			t.Errorf("%s: %v", when, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", when, err, want)
		}
	}
	check("at first", "")
	must[error](nil, os.Rename(s.key, s.key+".away"))
	clock.Advance(2 * time.Second)
	check("without its key", "")
	must[error](nil, os.Rename(s.key+".away", s.key))
	until := time.Until(s.pair.Certificate.NotAfter)
	clock.Advance(until + time.Hour)
	check("after it has expired", "expired")
	clock.Advance(-until - time.Hour - 100*24*time.Hour)
	check("before it is valid", "not valid before")
}
