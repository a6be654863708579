package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	hooksv1 "github.com/tranship/tranship/proto/tranship/hooks/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/hook/grpchook"
	"github.com/tranship/tranship/store/mem"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// serveClamd stands in for clamd: it finds Test-Virus in a content with the word VIRUS, and fails for
// one with the word BROKEN.
func serveClamd(t *testing.T) (address string) {
	t.Helper()
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerClamd(t, conn)
		}
	}()
	return listener.Addr().String()
}

func answerClamd(t *testing.T, conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	command, err := r.ReadString(0)
	if err != nil || command != "zINSTREAM\x00" {
		t.Errorf("the command %q: %v", command, err)
		return
	}
	var content bytes.Buffer
	for {
		var length uint32
		if err := binary.Read(r, binary.BigEndian, &length); err != nil {
			return // the scan was cancelled
		}
		if length == 0 {
			break
		}
		if _, err := io.CopyN(&content, r, int64(length)); err != nil {
			return
		}
	}
	reply := "stream: OK\x00"
	switch {
	case bytes.Contains(content.Bytes(), []byte("BROKEN")):
		reply = "INSTREAM size limit exceeded. ERROR\x00"
	case bytes.Contains(content.Bytes(), []byte("VIRUS")):
		reply = "stream: Test-Virus FOUND\x00"
	}
	_, _ = io.WriteString(conn, reply)
}

// TestScanner checks that a server with this hook refuses small files with a virus, moves large ones
// to the quarantine, and refuses files that cannot be scanned.
func TestScanner(t *testing.T) {
	files := listen(t)
	service, hookAddress := grpc.NewServer(), listen(t)
	hooksv1.RegisterHookServiceServer(service, &scanner{clamd: serveClamd(t), server: files.Addr().String(), quarantine: "quarantine"})
	go func() { _ = service.Serve(hookAddress) }()
	t.Cleanup(service.Stop)
	carrier, err := grpchook.New(hookAddress.Addr().String(), grpchook.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = carrier.Close() })
	store := &mem.Store{}
	hooks, err := hook.Open(t.Context(), store, hook.Options{Hooks: []hook.Hook{
		{Name: "clamav", Kinds: []hook.Kind{hook.BeforeCommit, hook.AfterCommit}, Content: true, Carrier: carrier, Timeout: time.Minute},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), server.Config{Store: store, Hooks: hooks, Anonymous: server.AnonymousWrite})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), files) }()
	t.Cleanup(func() {
		s.Stop()
		<-served
		if err := hooks.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.Dial(t.Context(), files.Addr().String(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	put := func(path, text string) error {
		_, err := c.Put(t.Context(), tranship.Spec{Path: path}, []byte(text))
		return err
	}
	if err := put("clean", "text"); err != nil {
		t.Error(err)
	}
	if err := put("small", "a VIRUS"); !errors.Is(err, tranship.ErrDenied) || !strings.Contains(err.Error(), "it has the virus Test-Virus") {
		t.Error(err)
	}
	for _, text := range []string{"clean", "VIRUS"} {
		upload(t, c, "large-"+text, strings.Repeat("0123456789", 200_000)+text)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		paths := list(t, store)
		if len(paths) == 3 && paths[0] == "clean" && paths[1] == "large-clean" && strings.HasPrefix(paths[2], "quarantine/") && strings.HasSuffix(paths[2], "/large-VIRUS") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the files are %q", paths)
		}
	}
}

// TestScanFails checks that a content that was not scanned is no clean one.
func TestScanFails(t *testing.T) {
	if virus, err := scan(t.Context(), serveClamd(t), strings.NewReader("BROKEN")); err == nil {
		t.Errorf("found %q", virus)
	}
	closed := listen(t)
	_ = closed.Close()
	if virus, err := scan(t.Context(), closed.Addr().String(), strings.NewReader("text")); err == nil {
		t.Errorf("found %q", virus)
	}
}

func upload(t *testing.T, c *client.Client, path, text string) {
	t.Helper()
	u, err := c.Begin(t.Context(), tranship.Spec{Path: path, Size: new(int64(len(text)))})
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; int64(n)*u.PartSize() < int64(len(text)); n++ {
		part, err := u.Part(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		first := int64(n) * u.PartSize()
		if _, err := io.WriteString(part, text[first:min(first+u.PartSize(), int64(len(text)))]); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := u.Commit(t.Context(), tranship.Commit{Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, store tranship.Store) (paths []string) {
	t.Helper()
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, entry.Path)
	}
	return paths
}
