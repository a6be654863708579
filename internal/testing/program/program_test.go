package program_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/program"
)

const patience = time.Minute

var tranship program.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m, program.Options{}, &tranship)) }

func TestProcess(t *testing.T) {
	p := tranship.Start(t, "version")
	p.Succeeds(t, patience)
	if p.Out.Len() == 0 || p.Err.Len() != 0 || !p.Ended() {
		t.Errorf("it printed %q and %q", p.Out.String(), p.Err.String())
	}
	wrong := tranship.Start(t, "no-such-command")
	if code := wrong.Wait(t, patience); code != 2 || !strings.Contains(wrong.Err.String(), "no-such-command") {
		t.Errorf("exit code %d: %s", code, wrong.Err.String())
	}
}

func TestServer(t *testing.T) {
	s := tranship.Serve(t, t.TempDir())
	if !strings.HasPrefix(s.Address, "127.0.0.1:") {
		t.Errorf("the address is %q", s.Address)
	}
	if runtime.GOOS == "linux" {
		if now, peak, err := s.Memory(); err != nil || now == 0 || peak < now {
			t.Errorf("%d bytes are resident, %d at most: %v", now, peak, err)
		}
		if n, err := s.OpenFiles(); err != nil || n < 3 {
			t.Errorf("%d files are open: %v", n, err)
		}
	}
	s.Stop(t, patience)
	killed := tranship.Serve(t, t.TempDir())
	killed.Kill()
	if code := killed.Code(); code == 0 {
		t.Error("a killed server exited with code 0")
	}
}

func TestServerThatDoesNotStart(t *testing.T) {
	p := tranship.Start(t, "serve", "--root", t.TempDir(), "--listen", "nonsense")
	if address, err := program.Ready(p.Done(), filepath.Join(t.TempDir(), "ready")); err == nil {
		t.Errorf("it is ready at %q", address)
	}
}

// TestCopy checks that a copied program can be run at once, whatever processes start
// meanwhile.
func TestCopy(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a running program cannot be removed")
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				copied, err := tranship.Copy(filepath.Join(t.TempDir(), "copied"))
				if err != nil {
					t.Error(err)
					return
				}
				if output, err := copied.Command(t.Context(), "version").CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, output)
				}
			}
		})
	}
	all.Wait()
}

func TestSignal(t *testing.T) {
	s := tranship.Serve(t, t.TempDir())
	s.Signal(t, syscall.SIGTERM)
	s.Succeeds(t, patience)
}
