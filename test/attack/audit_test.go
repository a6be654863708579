//go:build linux

package attack

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// auditLine has the fields of an audit log's line that these tests check.
type auditLine struct {
	Action, Result, Principal, Source, Peer, Path, Destination, Upload, Method, Reason string
	LeftOut                                                                            int `json:"left_out"`
}

// String returns the part of a refusal's line that the tests compare.
func (l auditLine) String() string {
	words := []string{l.Action, l.Result}
	for _, word := range []string{l.Path, l.Destination, l.Upload} {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// auditLines reads a log, and checks that each line is complete.
func auditLines(t testing.TB, name string) (lines []auditLine) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var l auditLine
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, l)
	}
	return lines
}

// TestRefusalsAudited checks that each kind of refusal, with each protocol, writes
// exactly one line.
func TestRefusalsAudited(t *testing.T) {
	s := prepareSite(t)
	file, log := filepath.Join(t.TempDir(), "tokens"), filepath.Join(t.TempDir(), "audit")
	alice, eve := newToken(t, file, "alice"), newToken(t, file, "eve")
	s.healthy = as(alice)
	s.start(t, "--tokens", file, "--audit-log", log)
	ctx := testContext(t)
	owned, err := s.dialClient(t).Begin(ctx, tranship.Spec{Path: "alices", Size: new(int64(1)), ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owned.Abort(context.WithoutCancel(ctx)) }()
	conn := s.dial(t)
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+eve)
	native := transhipv1.NewFileServiceClient(conn)
	upload := func(request *transhipv1.UploadRequest) func() {
		return func() { s.sends(t, conn, uploadMethod, eve, request) }
	}
	begin := func(begin *transhipv1.Begin) *transhipv1.UploadRequest {
		begin.Slot = 1
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: begin}}
	}
	put := func(put *transhipv1.Put) *transhipv1.UploadRequest {
		put.Slot = 1
		return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: put}}
	}
	crc := uint32(1)
	long := strings.Repeat("x", 2000)
	for _, test := range []struct {
		name string
		do   func()
		want string
	}{
		{"put", upload(put(&transhipv1.Put{Path: "../x"})), "put invalid ../x"},
		{"put of the state", upload(put(&transhipv1.Put{Path: ".tranship/x"})), "put invalid .tranship/x"},
		{"put with a wrong checksum", upload(put(&transhipv1.Put{Path: "put", Crc32C: &crc})), "put integrity put"},
		{"put with an odd check", upload(put(&transhipv1.Put{Path: "put", Check: &crc, Crc32C: &crc})), "put integrity put"},
		{"put with slot 0", upload(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Path: "none"}}}), "put invalid none"},
		{"put with an invalid mode", upload(put(&transhipv1.Put{Path: "put", Attributes: &transhipv1.Attributes{Mode: new(uint32(1 << 20))}})), "put invalid put"},
		{"begin", upload(begin(&transhipv1.Begin{Path: "../x"})), "begin invalid ../x"},
		{"begin with an unknown mode", upload(begin(&transhipv1.Begin{Path: "x", Mode: 77})), "begin unsupported x"},
		{"begin without a key", upload(begin(&transhipv1.Begin{Path: "x", Keep: true})), "begin invalid x"},
		{"join of a missing upload", upload(begin(&transhipv1.Begin{Mode: transhipv1.Begin_MODE_JOIN, UploadId: "NONE", Epoch: 1})), "join aborted NONE"},
		{"join of another's", upload(begin(&transhipv1.Begin{Mode: transhipv1.Begin_MODE_JOIN, UploadId: owned.ID(), Epoch: owned.Epoch()})), "join aborted " + owned.ID()},
		{"chunk of no slot", upload(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: 7}}}), "upload invalid"},
		{"no request", upload(&transhipv1.UploadRequest{}), "upload invalid"},
		{"download", func() {
			s.sends(t, conn, downloadMethod, eve, &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{Slot: 1, Path: "../x"}}})
		}, "read invalid ../x"},
		{"download with slot 0", func() {
			s.sends(t, conn, downloadMethod, eve, &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{Path: "file"}}})
		}, "read invalid file"},
		{"stat", func() { _, _ = native.Stat(ctx, &transhipv1.StatRequest{Path: "../x"}) }, "stat invalid ../x"},
		{"stat of a long path", func() { _, _ = native.Stat(ctx, &transhipv1.StatRequest{Path: long}) }, "stat invalid " + long[:1024] + "…"},
		{"set attributes", func() {
			_, _ = native.SetAttributes(ctx, &transhipv1.SetAttributesRequest{Path: "file", Attributes: &transhipv1.Attributes{Mode: new(uint32(1 << 20))}})
		}, "set_attributes invalid file"},
		{"delete with two preconditions", func() {
			_, _ = native.Delete(ctx, &transhipv1.DeleteRequest{Path: "../x"})
		}, "delete invalid ../x"},
		{"move", func() {
			_, _ = native.Move(ctx, &transhipv1.MoveRequest{SourcePath: "file", DestinationPath: "../x"})
		}, "move invalid file ../x"},
		{"copy", func() {
			_, _ = native.Copy(ctx, &transhipv1.CopyRequest{SourcePath: "../x", DestinationPath: "y"})
		}, "copy invalid ../x y"},
		{"list", func() {
			s.sends(t, conn, listMethod, eve, &transhipv1.ListRequest{Directory: "../x"})
		}, "list invalid ../x"},
		{"list with a negative limit", func() {
			s.sends(t, conn, listMethod, eve, &transhipv1.ListRequest{Directory: "docs", Limit: -1})
		}, "list invalid docs"},
		{"list uploads", func() {
			s.sends(t, conn, transhipv1.FileService_ListUploads_FullMethodName, eve, &transhipv1.ListUploadsRequest{Directory: "/"})
		}, "list_uploads invalid /"},
		{"abort of another's", func() {
			_, _ = native.AbortUpload(ctx, &transhipv1.AbortUploadRequest{UploadId: owned.ID()})
		}, "abort_upload denied " + owned.ID()},
		{"a malformed message", func() { s.sendsBytes(t, conn, statMethod, eve, []byte("\xff\xff")) }, "stat invalid"},
		{"a malformed message of a stream", func() { s.sendsBytes(t, conn, uploadMethod, eve, []byte("\xff\xff")) }, "upload invalid"},
		{"a malformed message of a list", func() { s.sendsBytes(t, conn, listMethod, eve, []byte("\xff\xff")) }, "list invalid"},
		{"too large a message", func() { s.sendsBytes(t, conn, statMethod, eve, make([]byte, 3<<20)) }, "stat limit"},
		{"an unknown method", func() { s.sendsBytes(t, conn, "/tranship.v1.FileService/Frobnicate", eve, nil) }, "frobnicate unsupported"},
		{"an unknown service", func() { s.sendsBytes(t, conn, "/no.Service/Call", eve, nil) }, "call unsupported"},
		{"filesrv upload", func() {
			s.sends(t, conn, "/FileSrv/UploadFile", eve, &filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_Header{Header: &filesrvv1.FileHeader{Filename: "../x"}}})
		}, "begin invalid ../x"},
		{"filesrv upload without a name", func() {
			s.sends(t, conn, "/FileSrv/UploadFile", eve, &filesrvv1.UploadRequest{Request: &filesrvv1.UploadRequest_Header{Header: &filesrvv1.FileHeader{}}})
		}, "upload_file invalid"},
		{"filesrv download", func() {
			s.sends(t, conn, "/FileSrv/DownloadFile", eve, &filesrvv1.FileHeader{Filename: "../x"})
		}, "read invalid ../x"},
		{"filesrv download without a name", func() { s.sends(t, conn, "/FileSrv/DownloadFile", eve, &filesrvv1.FileHeader{}) }, "download_file invalid"},
	} {
		before := len(auditLines(t, log))
		test.do()
		var got []string
		// The client may get the answer before the line is written.
		until := time.Now().Add(patience)
		for len(got) == 0 && time.Now().Before(until) {
			for _, l := range auditLines(t, log)[before:] {
				if l.Result != "ok" {
					got = append(got, l.String())
				}
				if l.Principal != "eve" || l.Source != "token" || !strings.HasPrefix(l.Peer, attacker+":") {
					t.Errorf("%s: the line has %q, %q, %q", test.name, l.Principal, l.Source, l.Peer)
				}
			}
		}
		if strings.Join(got, "\n") != test.want {
			t.Errorf("%s: the log has %q, want %q", test.name, got, test.want)
		}
	}
	s.unchanged(t)
}

// sends makes a call with a message and ignores its result.
func (s *site) sends(t testing.TB, conn *grpc.ClientConn, method, token string, request proto.Message) {
	t.Helper()
	data, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	s.sendsBytes(t, conn, method, token, data)
}

func (s *site) sendsBytes(t testing.TB, conn *grpc.ClientConn, method, token string, message []byte) {
	t.Helper()
	_, _ = call(t, conn, method, metadata.Pairs("authorization", "Bearer "+token), message) // only the log matters
}

// TestStrangersAudited makes calls with bad credentials, failing handshakes and
// connections beyond a limit. Each kind has lines, but not so many that they fill a disk,
// and all of them are counted.
func TestStrangersAudited(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit")
	s, ca := newTLSSite(t, "--audit-log", log, "--max-connections-per-peer", "2")
	const handshakes = 200
	for range handshakes {
		conn, err := s.attackFrom(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_ = tls.Client(conn, &tls.Config{RootCAs: ca.pool(), ServerName: "not.the.server"}).HandshakeContext(testContext(t))
		_ = conn.Close()
	}
	first := s.connect(t)
	second := s.connect(t)
	third := s.connect(t)
	_, _ = third.Read(make([]byte, 1)) // wait until the server has closed it
	_, _ = first.Close(), second.Close()
	s.serves(t)
	// The lines that were left out are counted in a line of the next second.
	var lines, told map[string]int
	until := time.Now().Add(patience)
	for told["handshake"] < handshakes*9/10 || lines["connect"] == 0 {
		if time.Now().After(until) {
			t.Fatalf("the log has lines %v, of %v", lines, told)
		}
		conn := s.connect(t)
		_, _ = io.WriteString(conn, "this is no TLS")
		_, _ = conn.Read(make([]byte, 1)) // an alert
		_ = conn.Close()
		lines, told = map[string]int{}, map[string]int{}
		for _, l := range auditLines(t, log) {
			lines[l.Action]++
			told[l.Action] += 1 + l.LeftOut
			if l.Action == "handshake" && (l.Result != "unauthenticated" || l.Reason == "" || !strings.HasPrefix(l.Peer, attacker+":")) {
				t.Errorf("%+v", l)
			}
		}
	}
	if seconds := int(patience / time.Second); lines["handshake"] > 10*seconds {
		t.Errorf("%d lines about handshakes", lines["handshake"])
	}
}
