package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/http2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/internal/testing/testcert"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// answer returns what a server answers to bytes after which its client sends no more.
func answer(t *testing.T, address, sent string) string {
	t.Helper()
	conn := dial(t, address, sent)
	// The server may have refused and closed the connection already.
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil && !errors.Is(err, syscall.ENOTCONN) {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil && !isReset(err) {
		t.Errorf("%q: %v", sent, err)
	}
	return string(got)
}

// settingsAck is the frame with which an HTTP/2 server confirms the settings of its client.
const settingsAck = "\x00\x00\x00\x04\x01\x00\x00\x00\x00"

// A client that speaks another protocol gets the same answer from servers with and without lanes.
func TestOtherProtocolsOnPort(t *testing.T) {
	with := storeserver.Serve(t, &mem.Store{}, server.Config{})
	without := storeserver.Serve(t, &mem.Store{}, server.Config{NoLanes: true})
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	for _, sent := range []string{
		"", "P", "T", lane.Preface[:15], strings.ToLower(lane.Preface), "TRANSHIP-LANE/2\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", "TRANSHIP / HTTP/1.1\r\n\r\n",
		http2.ClientPreface, http2.ClientPreface + settings, http2.ClientPreface[:10], "\x16\x03\x01\x00\x05hello",
	} {
		got, want := answer(t, with, sent), answer(t, without, sent)
		// A server that reads the end of the connection early does not send its last frame.
		if strings.TrimSuffix(got, settingsAck) != strings.TrimSuffix(want, settingsAck) {
			t.Errorf("%q: the server with lanes answers %q, the other %q", sent, got, want)
		}
	}
	if got := answer(t, without, lane.Preface); strings.HasPrefix(got, lane.Preface) {
		t.Errorf("a server without lanes answers %q", got)
	}
}

// Only a server that serves lanes announces them.
func TestLanesAnnounced(t *testing.T) {
	instances := map[string]bool{}
	for name, test := range map[string]struct {
		address string
		want    bool
	}{
		"Serve":               {storeserver.Serve(t, &mem.Store{}, server.Config{}), true},
		"Serve again":         {storeserver.Serve(t, &mem.Store{}, server.Config{}), true},
		"Serve without lanes": {storeserver.Serve(t, &mem.Store{}, server.Config{NoLanes: true}), false},
		"Mount":               {storeserver.Mount(t, &mem.Store{}, server.Config{}), false},
	} {
		info, err := transhipv1.NewFileServiceClient(loopback.Dial(t, test.address)).GetServerInfo(testContext(t), &transhipv1.GetServerInfoRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if !test.want {
			if info.GetLanes() != nil {
				t.Errorf("%s announces %v", name, info.GetLanes())
			}
			continue
		}
		id := info.GetLanes().GetInstanceId()
		if instances[id] || id == "" || len(id) > lane.MaxInstance || info.GetLanes().GetVersion() != 1 {
			t.Errorf("%s announces %v", name, info.GetLanes())
		}
		instances[id] = true
		l, err := lane.Dial(testContext(t), dial(t, test.address, ""), lane.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if l.Instance() != id {
			t.Errorf("a lane of %s is of instance %q, want %q", name, l.Instance(), id)
		}
		_ = l.Close()
	}
}

// A server without lanes does not agree to them by TLS.
func TestNoLanesTLS(t *testing.T) {
	pair, err := testcert.SelfSigned(testcert.Spec{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, no := range []bool{false, true} {
		address := storeserver.Serve(t, &mem.Store{}, server.Config{
			TLS: &tls.Config{Certificates: []tls.Certificate{pair.TLS()}}, Anonymous: server.AnonymousWrite, NoLanes: no,
		})
		conn := tls.Client(dial(t, address, ""), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{lane.Protocol}})
		if err := conn.HandshakeContext(testContext(t)); (err != nil) != no {
			t.Errorf("without lanes: %v: %v", no, err)
		}
	}
}

// A server that drains lets an upload on a lane finish, and one that stops names it in its log.
func TestDrainOfLane(t *testing.T) {
	for _, cut := range []bool{false, true} {
		log := &lockedText{}
		store := &mem.Store{}
		config := server.Config{Logger: slog.New(slog.NewTextHandler(log, nil))}
		if cut {
			config.DrainTimeout = -1
		}
		s := storeserver.New(t, store, config)
		listener := listen(t)
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, listener) }()
		l, err := lane.Dial(testContext(t), dial(t, listener.Addr().String(), ""), lane.Options{})
		if err != nil {
			t.Fatal(err)
		}
		stream, err := l.Open(testContext(t), lane.Headers{Method: transhipv1.FileService_Upload_FullMethodName}, func(bool) {})
		if err != nil {
			t.Fatal(err)
		}
		exchange := func(request *transhipv1.UploadRequest) *transhipv1.UploadResponse {
			_ = stream.SendMsg(request)
			for {
				var response transhipv1.UploadResponse
				if err := stream.RecvMsg(&response); err != nil {
					t.Errorf("cut off: %v: %v", cut, err)
					return nil
				}
				if response.GetBegun() != nil || response.GetFinished() != nil {
					return &response
				}
			}
		}
		exchange(begin(1, "file", nil))
		idle, err := lane.Dial(testContext(t), dial(t, listener.Addr().String(), ""), lane.Options{})
		if err != nil {
			t.Fatal(err)
		}
		stop()
		<-idle.Lost()
		if cut {
			if err := <-served; !errors.Is(err, server.ErrDrainTimeout) {
				t.Errorf("Serve returned %v", err)
			}
			if text := log.String(); !strings.Contains(text, `calls="[/tranship.v1.FileService/Upload: 1]"`) {
				t.Errorf("the log does not name the upload: %s", text)
			}
			continue
		}
		if err := stream.SendMsg(chunk(1, nil, []byte("content"))); err != nil {
			t.Error(err)
		}
		if reply := exchange(finish(1)); reply.GetFinished().GetFile().GetSize() != 7 {
			t.Errorf("the upload ended with %v", reply)
		}
		if err := stream.RecvMsg(&transhipv1.UploadResponse{}); status.Code(err) != codes.Unavailable {
			t.Errorf("the call ended with %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve returned %v", err)
		}
		if got := content(t, store, "file"); string(got) != "content" {
			t.Errorf("the file has %q", got)
		}
	}
}
