package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
)

// rotatingServer accepts one token at a time. When it has checked the first token often
// enough to be sure that a stream is under way, it replaces the token in the client's file,
// and from then on refuses the first one.
type rotatingServer struct {
	root, address, tokenFile string

	mu      sync.Mutex
	checks  int
	replace func() error
	failed  error
	refused int
}

const (
	firstToken  = "first-token"
	secondToken = "second-token"
	// rotateAfter is the number of checks of the first token: a few for the calls that a
	// command begins with, then one in each millisecond of a stream.
	rotateAfter = 10
)

func newRotatingServer(t *testing.T) *rotatingServer {
	t.Helper()
	s := &rotatingServer{root: t.TempDir(), tokenFile: filepath.Join(t.TempDir(), "token")}
	store, err := disk.Open(s.root, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s.write(t, firstToken)
	s.replace = func() error {
		if err := os.WriteFile(s.tokenFile+".new", []byte(secondToken), 0o600); err != nil {
			return err
		}
		return os.Rename(s.tokenFile+".new", s.tokenFile)
	}
	s.address = storeserver.Mount(t, store, server.Config{
		Authenticators: []authn.Authenticator{s},
		Recheck:        time.Millisecond,
	}, server.GRPCOptions(server.Config{})...)
	return s
}

func (s *rotatingServer) write(t *testing.T, token string) {
	t.Helper()
	if err := os.WriteFile(s.tokenFile, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Authenticate implements authn.Authenticator.
func (s *rotatingServer) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if credentials.Token == firstToken {
		if s.checks++; s.checks == rotateAfter {
			s.failed = s.replace()
		}
	}
	valid := firstToken
	if s.checks >= rotateAfter {
		valid = secondToken
	}
	if credentials.Token != valid {
		s.refused++
		return authn.Identity{}, &authn.Refusal{Text: "the token has expired"}
	}
	return authn.Identity{Principal: access.Principal{Name: "alice"}}, nil
}

// check fails the test unless the server has refused a token.
func (s *rotatingServer) check(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil || s.refused == 0 {
		t.Errorf("no stream was ended after %d checks: %v", s.checks, s.failed)
	}
}

// rotatedBytes is more than a copy transfers before the token is replaced.
const rotatedBytes = 96 << 20

func (s *rotatingServer) source(t *testing.T, dir string) (name string, content []byte) {
	t.Helper()
	content = bytes.Repeat([]byte("0123456789abcdef"), rotatedBytes/16)
	for i := 0; i < len(content); i += 1 << 20 { // no two parts are alike
		copy(content[i:], fmt.Sprintf("%016d", i))
	}
	name = filepath.Join(dir, "large")
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return name, content
}

// A copy under way continues with the new token of its file.
func TestTokenRotates(t *testing.T) {
	t.Run("upload", func(t *testing.T) {
		s := newRotatingServer(t)
		name, content := s.source(t, t.TempDir())
		out, _ := output(t, 0, "cp", "--json", "--token-file", s.tokenFile, name, "grpc://"+s.address+"/up")
		sameContent(t, filepath.Join(s.root, "up"), content)
		s.check(t)
		if strings.Contains(out, "error") {
			t.Error(out)
		}
	})
	t.Run("download", func(t *testing.T) {
		s := newRotatingServer(t)
		_, content := s.source(t, s.root)
		got := filepath.Join(t.TempDir(), "got")
		output(t, 0, "cp", "--token-file", s.tokenFile, "grpc://"+s.address+"/large", got)
		sameContent(t, got, content)
		s.check(t)
	})
	t.Run("to the standard output", func(t *testing.T) {
		s := newRotatingServer(t)
		_, content := s.source(t, s.root)
		out, _ := output(t, 0, "cp", "--token-file", s.tokenFile, "grpc://"+s.address+"/large", "-")
		if out != string(content) {
			t.Errorf("%d bytes, which differ from those sent", len(out))
		}
		s.check(t)
	})
	t.Run("many files", func(t *testing.T) {
		s := newRotatingServer(t)
		dir := t.TempDir()
		for n := range 3000 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%d", n)), []byte(fmt.Sprint(n)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		output(t, 0, "cp", "-r", "--token-file", s.tokenFile, dir+"/.", "grpc://"+s.address+"/many")
		for n := range 3000 {
			sameContent(t, filepath.Join(s.root, "many", fmt.Sprintf("f%d", n)), []byte(fmt.Sprint(n)))
		}
		s.check(t)
	})
	t.Run("between two servers", func(t *testing.T) {
		from, to := newRotatingServer(t), newRotatingServer(t)
		_, content := from.source(t, from.root)
		output(t, 0, "cp", "--token-file", from.address+"="+from.tokenFile, "--token-file", to.address+"="+to.tokenFile,
			"grpc://"+from.address+"/large", "grpc://"+to.address+"/copy")
		sameContent(t, filepath.Join(to.root, "copy"), content)
		from.check(t)
		to.check(t)
	})
	for _, protocol := range []string{"filesrv", "filetransfer"} {
		t.Run(protocol+" upload", func(t *testing.T) {
			s := newRotatingServer(t)
			name, content := s.source(t, t.TempDir())
			output(t, 0, "cp", "--protocol", protocol, "--token-file", s.tokenFile, name, "grpc://"+s.address+"/up")
			sameContent(t, filepath.Join(s.root, "up"), content)
			s.check(t)
		})
	}
	t.Run("filesrv download", func(t *testing.T) {
		s := newRotatingServer(t)
		_, content := s.source(t, s.root)
		got := filepath.Join(t.TempDir(), "got")
		output(t, 0, "cp", "--protocol", "filesrv", "--token-file", s.tokenFile, "grpc://"+s.address+"/large", got)
		sameContent(t, got, content)
		s.check(t)
	})
	// A source that cannot be read again makes the copy fail: nothing becomes visible, and
	// the error tells why.
	t.Run("from the standard input", func(t *testing.T) {
		s := newRotatingServer(t)
		_, content := s.source(t, t.TempDir())
		c := start(t.Context(), bytes.NewReader(content), "cp", "--token-file", s.tokenFile, "-", "grpc://"+s.address+"/up")
		if code := <-c.code; code != console.ExitFailed || !strings.Contains(c.err.String(), "there are new credentials") {
			t.Errorf("exit code %d: %s", code, c.err.String())
		}
		if _, err := os.Stat(filepath.Join(s.root, "up")); err == nil {
			t.Error("an incomplete file is visible")
		}
		s.check(t)
	})
	// The copy fails if the token is not replaced.
	t.Run("not replaced", func(t *testing.T) {
		s := newRotatingServer(t)
		s.replace = func() error { return nil }
		name, _ := s.source(t, t.TempDir())
		if _, text := output(t, console.ExitDenied, "cp", "--token-file", s.tokenFile, name, "grpc://"+s.address+"/up"); !strings.Contains(text, "the token has expired") {
			t.Error(text)
		}
		s.check(t)
	})
}
