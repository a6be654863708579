package interop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	contract "github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// The proxies of TestProxyPauses end a call after hopTimeout of silence. A pause is longer
// than two of these. Clients with the stall timeout ask for a sign of life each second. A
// copy inside the server reports its progress every 3 s.
const (
	hopTimeout   = "4s"
	pause        = 9 * time.Second
	stallTimeout = 4 * time.Second
)

// pausingStore is a store whose answers about paths with the word slow take a pause.
type pausingStore struct{ *mem.Store }

func wait(ctx context.Context, path string) error {
	if !strings.Contains(path, "slow") {
		return nil
	}
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s pausingStore) Put(ctx context.Context, spec contract.Spec, data []byte) (contract.File, error) {
	if err := wait(ctx, spec.Path); err != nil {
		return contract.File{}, err
	}
	return s.Store.Put(ctx, spec, data)
}

// PutBatch implements tranship.BatchPutter. The embedded store's own would not pause.
func (s pausingStore) PutBatch(ctx context.Context, items []contract.PutItem) []contract.PutResult {
	results := make([]contract.PutResult, len(items))
	for i, item := range items {
		results[i].File, results[i].Err = s.Put(ctx, item.Spec, item.Data)
	}
	return results
}

func (s pausingStore) List(ctx context.Context, options contract.ListOptions) iter.Seq2[contract.Entry, error] {
	return func(yield func(contract.Entry, error) bool) {
		if !strings.HasSuffix(options.Directory, "-list") { // cp lists, too
			s.Store.List(ctx, options)(yield)
			return
		}
		if err := wait(ctx, options.Directory); err != nil {
			yield(contract.Entry{}, err)
			return
		}
		s.Store.List(ctx, options)(yield)
	}
}

func (s pausingStore) Copy(ctx context.Context, source, destination string, precondition contract.Precondition) (contract.File, error) {
	if err := wait(ctx, destination); err != nil {
		return contract.File{}, err
	}
	return s.Store.Copy(ctx, source, destination, precondition)
}

func (s pausingStore) RemoveAll(ctx context.Context, directory string, options contract.RemoveAllOptions) (int64, error) {
	if err := wait(ctx, directory); err != nil {
		return 0, err
	}
	return s.Store.RemoveAll(ctx, directory, options)
}

// shortened are the changes of the documented configurations that give them the shortest
// timeouts. Caddy has none for the silence of a call: the test sets those of connections.
func shortened() map[string][]string {
	return map[string][]string{
		"nginx.conf":  {"timeout 60s;", "timeout " + hopTimeout + ";", "keepalive_timeout 1h;", "send_timeout " + hopTimeout + ";"},
		"haproxy.cfg": {"timeout client 60s", "timeout client " + hopTimeout, "timeout server 60s", "timeout server " + hopTimeout},
		"Caddyfile":   {"idle 1h", "idle " + hopTimeout},
	}
}

// TestProxyPauses checks that calls in which nothing happens for long outlast the timeouts of
// every proxy, and that the error of a protocol without signs of life names the setting.
func TestProxyPauses(t *testing.T) {
	const large = 64 << 20
	store := pausingStore{new(mem.Store)}
	s := newProxySite(t)
	s.servers["50051"] = storeserver.Serve(t, store, server.Config{})
	source := t.TempDir()
	create(t, source, map[string]int{"large": large})
	code, output := tranship(t, source, "cp", "large", remoteURL(s.servers["50051"], "large"))
	succeed(t, code, output)
	var steps sync.WaitGroup
	defer steps.Wait()
	for file, changes := range shortened() {
		_, free := s.run(t, file, changes...)
		p := pausing{store: store, file: file, address: "127.0.0.1:" + free["8080"]}
		for name, step := range map[string]func(*testing.T){
			"standard input": p.input,
			"reader":         func(t *testing.T) { p.reader(t, content("large", large)) },
			"sync":           p.sync,
			"list":           p.list,
			"remove":         p.remove,
			"copy":           p.copy,
			"filesrv":        func(t *testing.T) { p.compatible(t, "filesrv") },
			"filetransfer":   func(t *testing.T) { p.compatible(t, "filetransfer") },
		} {
			// All at once, also on two processors, where only two parallel tests run.
			steps.Go(func() { t.Run(file+"/"+name, step) })
		}
	}
}

// pausing is a way through a proxy on which calls pause.
type pausing struct {
	store         pausingStore
	file, address string
}

// put stores a small file.
func (p pausing) put(t *testing.T, path string) {
	t.Helper()
	if _, err := p.store.Store.Put(t.Context(), contract.Spec{Path: path}, []byte(path)); err != nil {
		t.Fatal(err)
	}
}

// expect checks the size of a file on the server.
func (p pausing) expect(t *testing.T, path string, size int64) {
	t.Helper()
	if file, err := p.store.Stat(t.Context(), path); err != nil || file.Size != size {
		t.Errorf("%s has %d bytes, %v", path, file.Size, err)
	}
}

func (p pausing) dial(t *testing.T) *client.Client {
	t.Helper()
	connected, err := client.Dial(t.Context(), p.address, client.Options{StallTimeout: stallTimeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connected.Close() })
	return connected
}

// paused copies a standard input that pauses.
func (p pausing) paused(t *testing.T, path string, flags ...string) (code int, output string) {
	t.Helper()
	args := append([]string{"cp", "--stall-timeout", stallTimeout.String()}, flags...)
	cmd := built.Command(t.Context(), append(args, "-", remoteURL(p.address, path))...)
	reader, writer := io.Pipe()
	cmd.Stdin = reader
	go func() {
		_, _ = io.WriteString(writer, "some")
		select {
		case <-time.After(pause):
		case <-t.Context().Done():
		}
		_, _ = io.WriteString(writer, "more") // the command may have ended
		_ = writer.Close()
	}()
	return finish(t, cmd)
}

func (p pausing) input(t *testing.T) {
	path := p.file + "/input"
	code, output := p.paused(t, path)
	succeed(t, code, output)
	p.expect(t, path, int64(len("somemore")))
}

func (p pausing) reader(t *testing.T, want []byte) {
	cmd := built.Command(t.Context(), "cp", "--stall-timeout", stallTimeout.String(), remoteURL(p.address, "large"), "-")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(output, got[:1]); err != nil {
		t.Error(err)
	}
	select {
	case <-time.After(pause):
	case <-t.Context().Done():
	}
	n, err := io.ReadFull(output, got[1:])
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, complaint.String())
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", n+1, err)
	}
}

func (p pausing) sync(t *testing.T) {
	source, path := t.TempDir(), p.file+"/slow"
	create(t, source, map[string]int{"small": 100})
	begun := time.Now()
	code, output := tranship(t, source, "cp", "--stall-timeout", stallTimeout.String(), filepath.Join(source, "small"), remoteURL(p.address, path))
	succeed(t, code, output)
	p.expect(t, path, 100)
	p.waited(t, begun)
}

// waited checks that the store made the call pause, once.
func (p pausing) waited(t *testing.T, begun time.Time) {
	t.Helper()
	if took := time.Since(begun); took < pause || took > 2*pause {
		t.Errorf("took %v", took)
	}
}

func (p pausing) list(t *testing.T) {
	directory, begun, n := p.file+"-slow-list", time.Now(), 0
	p.put(t, directory+"/a")
	for _, err := range p.dial(t).List(t.Context(), contract.ListOptions{Directory: directory}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d entries", n)
	}
	p.waited(t, begun)
}

func (p pausing) remove(t *testing.T) {
	directory, begun := p.file+"-slow-remove", time.Now()
	for i := range 100 {
		p.put(t, fmt.Sprintf("%s/%d", directory, i))
	}
	if n, err := p.dial(t).RemoveAll(t.Context(), directory, contract.RemoveAllOptions{}); n != 100 || err != nil {
		t.Errorf("removed %d files, %v", n, err)
	}
	p.waited(t, begun)
}

func (p pausing) copy(t *testing.T) {
	path, begun := p.file+"/slow-copy", time.Now()
	if _, err := p.dial(t).Copy(t.Context(), "large", path, contract.Precondition{}); err != nil {
		t.Error(err)
	}
	p.waited(t, begun)
}

// compatible uses a protocol whose messages have no place for a sign of life.
func (p pausing) compatible(t *testing.T, protocol string) {
	path := p.file + "/" + protocol + ".bin"
	code, output := p.paused(t, path, "--protocol", protocol)
	setting := map[string]string{
		"nginx.conf":  "nginx: client_max_body_size, client_body_timeout, grpc_read_timeout",
		"haproxy.cfg": "haproxy answered, with HTTP status 504 (Gateway Timeout): it waited too long for the server's next bytes; set timeout server",
	}[p.file]
	if setting == "" { // Caddy waits
		succeed(t, code, output)
		p.expect(t, path, int64(len("somemore")))
	} else if code == 0 || !strings.Contains(output, setting) || strings.Count(output, "\n") != 1 {
		t.Errorf("exit code %d: %s", code, output)
	}
}
