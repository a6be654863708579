//go:build linux

package attack

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/raced"
)

// TestLinks sends the path of every symbolic link in the served directory, and paths
// below it, in every request that contains a path. No link is followed.
func TestLinks(t *testing.T) {
	s := newSite(t)
	conn, onLanes := s.dial(t), s.onLanes(t)
	test := func(request request, conn grpc.ClientConnInterface) func(t *testing.T) {
		return func(t *testing.T) {
			for _, path := range []string{
				"out", "out/canary", "out/new", "out-file", "out-absolute", "in", "in/one", "in/new", "in-file",
				"state", "state/new", "state/uploads", "loop", "loop/loop", "dangling", "dangling/new",
			} {
				if !sendable(request, path) {
					continue
				}
				code := request.send(t, conn, path)
				switch {
				case request.lists && code == codes.OK: // the list is empty, or a leak is detected
				case request.id && (code == codes.NotFound || code == codes.Aborted || code == codes.InvalidArgument):
				case !request.lists && (code == codes.NotFound || code == codes.PermissionDenied):
				case request.method == "/FileSrv/DownloadFile" && code == codes.InvalidArgument: // its code for a missing file
				default:
					t.Errorf("%q: %v", path, code)
				}
			}
			s.unchanged(t)
		}
	}
	for _, request := range requests() {
		t.Run(request.name, test(request, conn))
		if hasLanes(request.method) {
			t.Run(request.name+" on a lane", test(request, onLanes))
		}
	}
}

// TestLinkRace swaps a directory with a symbolic link to one outside, as fast as
// possible, while clients read, write, list, copy, move and remove below it. The server
// must never use the outside directory.
func TestLinkRace(t *testing.T) {
	s := prepareSite(t)
	s.write(t, "root/swap/file", "inside")
	s.link(t, "../outside", "root/other")
	s.start(t)
	swap, other := filepath.Join(s.root, "swap"), filepath.Join(s.root, "other")

	stop, swapped := make(chan struct{}), make(chan int)
	go func() {
		defer close(swapped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				swapped <- n
				return
			default:
			}
			if err := unix.Renameat2(unix.AT_FDCWD, swap, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE); err != nil {
				t.Errorf("swapping: %v", err)
			}
		}
	}()

	ctx := testContext(t)
	var inside, refused atomic.Int64
	count := func(what string, err error) {
		switch {
		case err == nil:
			inside.Add(1)
		case errors.Is(err, tranship.ErrNotFound), errors.Is(err, tranship.ErrDenied), errors.Is(err, tranship.ErrPrecondition):
			refused.Add(1)
		default:
			t.Errorf("%s: %v", what, err)
		}
	}
	var clients sync.WaitGroup
	for _, act := range []func(c *client.Client){
		func(c *client.Client) {
			content, err := c.Open(ctx, "swap/file", tranship.OpenOptions{})
			if err == nil {
				data := make([]byte, 100)
				_, _ = content.Read(data) // The wire checks the data.
				_ = content.Close()
			}
			count("read", err)
		},
		func(c *client.Client) {
			_, err := c.Put(ctx, tranship.Spec{Path: "swap/new"}, []byte("inside, too"))
			count("put", err)
		},
		func(c *client.Client) {
			upload, err := c.Begin(ctx, tranship.Spec{Path: "swap/deep/new"})
			if err == nil {
				_, err = upload.Commit(ctx, tranship.Commit{})
			}
			count("upload", err)
		},
		func(c *client.Client) {
			for entry, err := range c.List(ctx, tranship.ListOptions{Directory: "swap", Recursive: true}) {
				if err != nil || entry.Path == "swap/canary" {
					t.Errorf("listing: %v, %v", entry, err)
				}
			}
			_, err := c.Stat(ctx, "swap/file")
			count("stat", err)
		},
		func(c *client.Client) {
			_, err := c.Copy(ctx, "swap/file", "docs/copy", tranship.Precondition{})
			count("copy", err)
		},
		func(c *client.Client) {
			_, err := c.Move(ctx, "swap/new", "swap/moved", tranship.Precondition{})
			count("move", err)
		},
		func(c *client.Client) { count("remove", c.Remove(ctx, "swap/canary", tranship.Precondition{})) },
		func(c *client.Client) {
			_, err := c.SetAttributes(ctx, "swap/canary", tranship.Attributes{Mode: new(os.FileMode(0o777))}, tranship.Precondition{})
			count("set attributes", err)
		},
	} {
		clients.Go(func() {
			c, err := client.Dial(ctx, s.address, client.Options{DialOptions: s.watched()})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for range raced.Times(300) {
				act(c)
			}
		})
	}
	clients.Wait()
	close(stop)
	swaps := <-swapped
	t.Logf("%d swaps, %d calls did something inside, %d were refused", swaps, inside.Load(), refused.Load())
	if inside.Load() == 0 || refused.Load() == 0 || swaps < 100 {
		t.Error("the calls did not race with the swaps")
	}
	// Either may be the directory now, and its files may have changed.
	for _, name := range []string{"root/swap", "root/other"} {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(s.root, "docs", "copy")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"root/swap", "root/swap/file", "root/other"} {
		delete(s.before, name)
	}
	s.unchanged(t)
}
