package client_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// lateServer is a server that tells about itself only after a connection for a lane was made to it.
type lateServer struct {
	laneServer
	// lanes is what it tells of its lanes; nil if it has none. err replaces the answer.
	lanes *transhipv1.Lanes
	err   error
	// instance is what it tells on lanes.
	instance string
	// made is closed at the first connection for a lane, of which count counts all. ended is
	// closed when the client closes the first.
	made, ended chan struct{}
	count       *atomic.Int64
}

// GetServerInfo implements transhipv1.FileServiceServer.
func (s lateServer) GetServerInfo(ctx context.Context, _ *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	select {
	case <-s.made:
		return &transhipv1.GetServerInfoResponse{MaxMessageBytes: 1 << 20, Lanes: s.lanes}, s.err
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// serve serves gRPC and lanes until the test ends. A lane has calls that end at once.
func (s lateServer) serve(t *testing.T) (address string) {
	t.Helper()
	behind := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, s) })
	return serveConns(t, func(conn net.Conn) { s.serveConn(t, conn, behind) })
}

func (s lateServer) serveConn(t *testing.T, conn net.Conn, behind string) {
	begin := &peeked{Conn: conn}
	if !begin.isLane() {
		s.laneServer.serveConn(begin, behind)
		return
	}
	defer conn.Close()
	_, _ = io.ReadFull(begin, make([]byte, len(lane.Preface)))
	end, err := lane.Accept(conn, lane.Options{Instance: s.instance})
	if err != nil {
		t.Error(err)
		return
	}
	defer end.Close()
	isFirst := s.count.Add(1) == 1
	if isFirst {
		close(s.made)
		defer close(s.ended)
	}
	for {
		if _, err := end.AwaitHeaders(time.Hour, time.Hour); err != nil {
			return
		}
		if !end.Serve(context.Background()).Finish(status.Error(codes.NotFound, "no file")) {
			return
		}
	}
}

// peeked is a connection of which the first bytes can be looked at.
type peeked struct {
	net.Conn
	first []byte
}

// isLane reports whether the client of the connection wants a lane.
func (p *peeked) isLane() bool {
	p.first = make([]byte, len(lane.Preface))
	n, _ := io.ReadFull(p.Conn, p.first)
	p.first = p.first[:n]
	return string(p.first) == lane.Preface
}

// Read implements net.Conn.
func (p *peeked) Read(b []byte) (int, error) {
	if len(p.first) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.first)
	p.first = p.first[n:]
	return n, nil
}

// TestEarlyLane has a client make a lane before the server has announced that it has lanes. The
// client uses it only if the announcement is that of the same server.
func TestEarlyLane(t *testing.T) {
	announced := func(instance string) *transhipv1.Lanes {
		return &transhipv1.Lanes{InstanceId: instance, Version: 1}
	}
	for name, test := range map[string]struct {
		lanes    *transhipv1.Lanes
		instance string
		err      error
		required bool
		// isUsed means that the call uses lanes, and count is how many are made in all.
		isUsed bool
		count  int64
	}{
		"used":                  {lanes: announced("id"), instance: "id", isUsed: true, count: 1},
		"required":              {lanes: announced("id"), instance: "id", required: true, isUsed: true, count: 1},
		"no lanes":              {instance: "id", count: 1},
		"later version":         {lanes: &transhipv1.Lanes{InstanceId: "id", Version: 2}, instance: "id", count: 1},
		"other server":          {lanes: announced("id"), instance: "other", count: 2},
		"not the server wanted": {err: status.Error(codes.Unimplemented, "no such service"), instance: "id", count: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := lateServer{
				lanes: test.lanes, err: test.err, instance: test.instance,
				made: make(chan struct{}), ended: make(chan struct{}), count: new(atomic.Int64),
			}
			options := client.Options{Prepare: true, ConnectTimeout: time.Minute}
			if test.required {
				options.Transport = client.TransportLanes
			}
			var used client.Transport
			options.TransportUsed = func(transport client.Transport, _ error) { used = transport }
			files, err := client.Dial(t.Context(), s.serve(t), options)
			if (err == nil) != (test.err == nil) {
				t.Fatalf("Dial fails with %v", err)
			}
			if err == nil {
				_, _ = files.Open(t.Context(), "a", tranship.OpenOptions{})
				if (used == client.TransportLanes) != test.isUsed {
					t.Errorf("Open used %v", used)
				}
				if err := files.Close(); err != nil {
					t.Error(err)
				}
			}
			<-s.ended
			if n := s.count.Load(); n != test.count {
				t.Errorf("%d lanes were made, want %d", n, test.count)
			}
		})
	}
}

// TestEarlyLaneIsNotMade has clients to which lanes do not matter: they make no other connection.
func TestEarlyLaneIsNotMade(t *testing.T) {
	for name, options := range map[string]client.Options{
		"not prepared": {},
		"gRPC":         {Prepare: true, Transport: client.TransportGRPC},
		"dial options": {Prepare: true, DialOptions: []grpc.DialOption{grpc.WithUserAgent("test")}},
	} {
		t.Run(name, func(t *testing.T) {
			s := lateServer{made: make(chan struct{}), ended: make(chan struct{}), count: new(atomic.Int64)}
			close(s.made) // the server tells about itself at once
			files, err := client.Dial(t.Context(), s.serve(t), options)
			if err != nil {
				t.Fatal(err)
			}
			if err := files.Close(); err != nil {
				t.Error(err)
			}
			if n := s.count.Load(); n != 0 {
				t.Errorf("%d lanes were made", n)
			}
		})
	}
}
