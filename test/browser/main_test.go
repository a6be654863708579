package browser

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long anything may take on a busy machine.
const patience = 2 * time.Minute

// tested is what all tests use: the program, and a browser.
var tested struct {
	program string
	browser context.Context
	axe     string
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "browser")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(dir)
	tested.program = filepath.Join(dir, "tranship")
	build := exec.Command("go", "build", "-o", tested.program, "./cmd/tranship")
	build.Dir = filepath.Join("..", "..")
	if output, err := build.CombinedOutput(); err != nil {
		return failed(fmt.Errorf("%w: %s", err, output))
	}
	axe, err := os.ReadFile(filepath.Join("node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return failed(fmt.Errorf("%w: run make browser", err))
	}
	tested.axe = string(axe)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.Flag("lang", "en"))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	browser, cancel := chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(browser); err != nil {
		return failed(fmt.Errorf("%w: run make browser, which installs Chromium", err))
	}
	tested.browser = browser
	return m.Run()
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// server is a running tranship.
type server struct {
	t    *testing.T
	root string
	// flags are those of serve after its addresses.
	flags []string
	// token is that of the requests of read; "" for a server without tokens.
	token string
	// address is host:port, which stays the same after a restart.
	address string
	command *exec.Cmd
	// ended is closed when the output of the program has ended.
	ended chan struct{}
}

// serve starts a server over an empty directory.
func serve(t *testing.T, flags ...string) *server {
	t.Helper()
	s := &server{t: t, root: t.TempDir(), flags: flags, address: "127.0.0.1:0"}
	s.start()
	t.Cleanup(s.stop)
	return s
}

var serving = regexp.MustCompile(`msg=serving address=(\S+) protocol=http`)

// start starts the server at its address.
func (s *server) start() {
	s.t.Helper()
	arguments := append([]string{"serve", "--root", s.root, "--listen", "127.0.0.1:0", "--http", s.address}, s.flags...)
	s.command = exec.Command(tested.program, arguments...)
	output, err := s.command.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.command.Stdout = s.command.Stderr
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.ended = make(chan struct{})
	address := make(chan string, 1)
	go func() {
		defer close(s.ended)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if found := serving.FindStringSubmatch(lines.Text()); found != nil {
				address <- found[1]
			}
			if testing.Verbose() {
				fmt.Fprintln(os.Stderr, lines.Text())
			}
		}
	}()
	select {
	case s.address = <-address:
	case <-s.ended:
		s.t.Fatal("the server has ended")
	case <-time.After(patience):
		s.t.Fatal("the server does not serve")
	}
}

// stop kills the server, as a machine that fails does.
func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGKILL)
	<-s.ended
	_ = s.command.Wait()
}

// write stores a file past the page.
func (s *server) write(path, content string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPut, "http://"+s.address+"/files/"+escaped(path), strings.NewReader(content))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		s.t.Fatalf("PUT %s: %s", path, response.Status)
	}
}

// escaped returns a path as it is in a URL.
func escaped(path string) string {
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = url.PathEscape(segments[i])
	}
	return strings.Join(segments, "/")
}
