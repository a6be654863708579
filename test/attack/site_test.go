//go:build linux

package attack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
)

// secret is the content of files that clients must not be able to read.
const secret = "5ebe2294ecd0e0f08eab7690d2a6ee69"

// site is a server, the directory it serves, and a directory beside that which it must
// not access.
type site struct {
	*process
	// dir contains root and outside.
	dir, root, outside string
	// wrap is a command that starts the server; nil means none.
	wrap []string
	// healthy are the options of harmless clients.
	healthy client.Options
	// before is the snapshot at the beginning.
	before map[string]string
	// leaked is set when a server sends the secret.
	leaked atomic.Bool
	// maybeRefused means that harmless clients have no more rights than the attackers, so that
	// the server may refuse them for a moment, as it does others with as many calls.
	maybeRefused bool
}

// newSite starts a server. When the test ends, the server must still serve and stop
// cleanly, and nothing may have leaked or changed.
func newSite(t testing.TB, flags ...string) *site {
	t.Helper()
	s := prepareSite(t)
	s.start(t, flags...)
	return s
}

// prepareSite creates the directories of a site without a server.
func prepareSite(t testing.TB) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{dir: dir, root: filepath.Join(dir, "root"), outside: filepath.Join(dir, "outside")}
	s.write(t, "outside/canary", secret)
	s.write(t, "outside/file", secret)
	s.write(t, "outside/"+secret, "its name is secret, too")
	s.write(t, "root/file", "the content of a file")
	s.write(t, "root/docs/one", "one")
	s.write(t, "root/docs/deep/two", "two")
	s.link(t, "../outside", "root/out")
	s.link(t, "../outside/canary", "root/out-file")
	s.link(t, filepath.Join(s.outside, "canary"), "root/out-absolute")
	s.link(t, "docs", "root/in")
	s.link(t, "file", "root/in-file")
	s.link(t, ".tranship", "root/state")
	s.link(t, "loop", "root/loop")
	s.link(t, "nothing", "root/dangling")
	return s
}

func (s *site) start(t testing.TB, flags ...string) {
	t.Helper()
	s.process = startWrapped(t, s.wrap, s.root, flags...)
	s.before = snapshot(t, s.dir)
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		s.serves(t)
		s.stop(t)
		s.unchanged(t)
	})
}

// write writes a file below dir.
func (s *site) write(t testing.TB, name, content string) {
	t.Helper()
	name = filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// link creates a symbolic link below dir.
func (s *site) link(t testing.TB, target, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(s.dir, name)); err != nil {
		t.Fatal(err)
	}
}

// many is the name of directories with too many files for a snapshot.
const many = "many"

// snapshot describes everything below dir by its path, except the state that a store
// keeps for itself and directories named many.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == ".tranship" || entry.Name() == many {
			return fs.SkipDir
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		described := info.Mode().String()
		switch {
		case info.Mode().IsRegular():
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			described += fmt.Sprintf(" %x %v", sha256.Sum256(content), info.ModTime())
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			described += " " + target
		}
		name, err = filepath.Rel(dir, name)
		all[name] = described
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// unchanged asserts that nothing leaked, and that nothing changed except the given paths,
// which may exist.
func (s *site) unchanged(t testing.TB, but ...string) {
	t.Helper()
	if s.leaked.Load() {
		t.Error("the server sent the content of a secret file")
	}
	after := snapshot(t, s.dir)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if was, ok := s.before[name]; !slices.Contains(but, name) && (!ok || was != after[name]) {
			t.Errorf("%q is now %s, was %q", name, after[name], was)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.before)) {
		if _, ok := after[name]; !ok && !slices.Contains(but, name) {
			t.Errorf("%q was removed", name)
		}
	}
}

// wire is a connection that detects the secret in the data it receives, even in two
// pieces.
type wire struct {
	net.Conn
	leaked *atomic.Bool
	tail   []byte
}

func (w *wire) Read(buffer []byte) (int, error) {
	n, err := w.Conn.Read(buffer)
	w.tail = append(w.tail, buffer[:n]...)
	if bytes.Contains(w.tail, []byte(secret)) {
		w.leaked.Store(true)
	}
	w.tail = append(w.tail[:0], w.tail[max(0, len(w.tail)-len(secret)):]...)
	return n, err
}

// attacker is the address of attackers. It is not that of harmless clients, because a
// server may treat all clients of one address alike.
const attacker = "127.0.0.2"

// attackFrom opens a connection from the address of attackers.
func (s *site) attackFrom(ctx context.Context) (net.Conn, error) {
	return s.connectFrom(ctx, attacker)
}

// connectFrom opens a connection from a loopback address.
func (s *site) connectFrom(ctx context.Context, ip string) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	conn, err := dialer.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: conn, leaked: &s.leaked}, nil
}

// connect opens a plain connection of an attacker, which is closed when the test ends.
func (s *site) connect(t testing.TB) net.Conn {
	t.Helper()
	conn, err := s.attackFrom(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// dial returns a gRPC connection of an attacker, which is closed when the test ends.
func (s *site) dial(t testing.TB, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := s.newConn(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func (s *site) newConn(options ...grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+s.address, append([]grpc.DialOption{
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return s.attackFrom(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	}, options...)...)
}

// serves asserts that a harmless client is served.
func (s *site) serves(t testing.TB) {
	t.Helper()
	// Not the test's context, which has ended when a cleanup calls this.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	options := s.healthy
	options.ConnectTimeout = patience // The server may still be busy with the attack.
	c, err := client.Dial(ctx, s.address, options)
	if err != nil {
		t.Errorf("a new client: %v", err)
		return
	}
	defer c.Close()
	content := bytes.Repeat([]byte("harmless"), 1000)
	const path = "a harmless file"
	if err := s.again(ctx, func() error { _, err := c.Put(ctx, tranship.Spec{Path: path}, content); return err }); err != nil {
		t.Errorf("a harmless client: %v", err)
		return
	}
	got, err := os.ReadFile(filepath.Join(s.root, path))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file of a harmless client has %d bytes, %v", len(got), err)
	}
	if err := s.again(ctx, func() error { return c.Remove(ctx, path, tranship.Precondition{}) }); err != nil {
		t.Errorf("removing it: %v", err)
	}
}

// again makes a call, and repeats it while the server refuses it, if the harmless clients of this
// site may have to.
func (s *site) again(ctx context.Context, call func() error) error {
	for {
		err := call()
		if !s.maybeRefused || !errors.Is(err, tranship.ErrUnavailable) || ctx.Err() != nil {
			return err
		}
	}
}

// testContext returns a context that ends after the test's patience.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// watched returns options of a harmless client whose connections detect the secret.
func (s *site) watched() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return &wire{Conn: conn, leaked: &s.leaked}, nil
	})}
}
