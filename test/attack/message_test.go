//go:build linux

package attack

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship/internal/testing/raced"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// atOnce is how many concurrent calls an attacker makes when they must be answered. A
// machine's further calls are refused before their messages are checked.
const atOnce = 4

// allowed reports whether a server may end an invalid call with err. INTERNAL and UNKNOWN
// are not allowed: they would show that the server was not prepared for it.
func allowed(err error) bool {
	switch status.Code(err) {
	case codes.OK, codes.InvalidArgument, codes.NotFound, codes.ResourceExhausted, codes.Aborted, codes.Canceled,
		codes.FailedPrecondition, codes.AlreadyExists, codes.PermissionDenied, codes.Unimplemented:
		return true
	}
	return false
}

// malformed returns messages that generated code does not send, by description.
func malformed() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	bytesField := func(b []byte, field protowire.Number, data []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), data)
	}
	valid, err := proto.Marshal(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
		Slot: 1, Path: "docs/stolen", Size: new(int64(10)), Attributes: &transhipv1.Attributes{Metadata: &transhipv1.Metadata{Entries: map[string]string{"a": "b"}}},
	}}})
	if err != nil {
		panic(err) // The message is valid.
	}
	all := map[string][]byte{
		"nothing":                     {},
		"a length beyond the end":     protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.BytesType), math.MaxInt32),
		"the greatest length":         protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.BytesType), math.MaxUint64),
		"a number without end":        bytes.Repeat([]byte{0xff}, 64),
		"field 0":                     {0x02, 0x00},
		"a group that does not end":   protowire.AppendTag(nil, 1, protowire.StartGroupType),
		"the end of no group":         protowire.AppendTag(nil, 1, protowire.EndGroupType),
		"many unknown fields":         bytes.Repeat(protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.VarintType), 1), 1<<17),
		"many of one field":           bytes.Repeat(bytesField(nil, 1, nil), 1<<17),
		"an unknown slot":             bytesField(nil, 2, protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), math.MaxUint64)),
		"the end of an unknown slot":  bytesField(nil, 3, protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 77)),
		"a number where bytes belong": protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1),
	}
	deep := []byte{}
	for range 5_000 { // Field 1 is a message in most messages.
		deep = bytesField(nil, 1, deep)
	}
	all["messages in messages"] = deep
	groups := bytes.Repeat(protowire.AppendTag(nil, 1000, protowire.StartGroupType), 200_000)
	all["groups in groups"] = append(groups, bytes.Repeat(protowire.AppendTag(nil, 1000, protowire.EndGroupType), 200_000)...)
	for n := range len(valid) {
		all[fmt.Sprintf("the first %d bytes of a begin", n)] = valid[:n]
	}
	for n := range raced.Times(15) {
		changed := bytes.Clone(valid)
		for range 1 + n/10 {
			changed[random.IntN(len(changed))] ^= byte(1 << random.IntN(8))
		}
		all[fmt.Sprintf("a begin with errors, %d", n)] = changed
		noise := make([]byte, 1+random.IntN(200))
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		all[fmt.Sprintf("noise, %d", n)] = noise
	}
	return all
}

// TestMalformedMessages sends malformed messages to every method.
func TestMalformedMessages(t *testing.T) {
	s := newSite(t)
	conn, onLanes := s.dial(t), s.onLanes(t)
	begun, _ := s.resident(t)
	var calls sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	messages := malformed()
	for _, method := range methods() {
		for what, message := range messages {
			if method == "/grpc.health.v1.Health/Watch" || method == "/grpc.health.v1.Health/Check" ||
				method == "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" {
				continue // These are grpc-go's own: Watch does not end, and errors are INTERNAL.
			}
			turns <- struct{}{}
			calls.Go(func() {
				defer func() { <-turns }()
				sent := [][]byte{message}
				if name := path.Base(method); name == "Upload" || name == "UploadFile" || name == "Download" {
					sent = append(sent, message) // These methods take several messages.
				}
				if _, err := call(t, conn, method, nil, sent...); !allowed(err) {
					t.Errorf("%s, %s: %v", method, what, err)
				}
				if !hasLanes(method) {
					return
				}
				if _, err := call(t, onLanes, method, nil, sent...); !allowed(err) {
					t.Errorf("%s on a lane, %s: %v", method, what, err)
				}
			})
		}
	}
	calls.Wait()
	s.bounded(t, begun, 256<<20)
	// FileTransfer stores a file without a name there, and may have accepted some of the
	// messages as one.
	if err := os.Remove(filepath.Join(s.root, "received_file.bin")); err != nil {
		t.Error(err)
	}
	s.unchanged(t)
}

// bounded asserts that the server's peak memory is at most most bytes above that at the
// beginning; the race detector takes some, too.
func (s *site) bounded(t *testing.T, begun, most int64) {
	t.Helper()
	_, peak := s.resident(t)
	t.Logf("memory: %d MiB at most, %d MiB in the beginning", peak>>20, begun>>20)
	if raced.On {
		return
	}
	if peak-begun > most {
		t.Errorf("the server took %d MiB, want at most %d MiB", (peak-begun)>>20, most>>20)
	}
}

// TestOversizedMessages sends messages larger than the limit to every method:
// uncompressed, and as zeros that compress to a thousandth. The limit applies to the
// uncompressed size, and the server does not keep the whole message in memory to
// determine that.
func TestOversizedMessages(t *testing.T) {
	s := newSite(t)
	size := raced.Times(512) << 20
	bomb := zeros(size)
	t.Logf("%d MiB are %d KiB", size>>20, len(bomb)>>10)

	conn := s.dial(t)
	compressed := s.dial(t, grpc.WithCompressor(packed{})) //nolint:staticcheck // for one connection, not for the process
	begun, _ := s.resident(t)
	var calls sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for _, method := range methods() {
		turns <- struct{}{}
		calls.Go(func() {
			defer func() { <-turns }()
			_, err := call(t, conn, method, nil, make([]byte, 5<<20))
			if status.Code(err) != codes.ResourceExhausted {
				t.Errorf("%s, 5 MiB: %v", method, err)
			}
		})
		for range raced.Times(10) {
			turns <- struct{}{}
			calls.Go(func() {
				defer func() { <-turns }()
				_, err := call(t, compressed, method, nil, bomb)
				if status.Code(err) != codes.ResourceExhausted {
					t.Errorf("%s, zeros: %v", method, err)
				}
			})
		}
	}
	calls.Wait()
	s.bounded(t, begun, 512<<20)
	s.unchanged(t)
}

// packed is a compressor that passes through data that is compressed already.
type packed struct{}

func (packed) Type() string { return "gzip" }

func (packed) Do(w io.Writer, data []byte) error {
	_, err := w.Write(data)
	return err
}

// zeros returns the compressed field 1 of a message with size zeros.
func zeros(size int) []byte {
	var compressed bytes.Buffer
	zip := gzip.NewWriter(&compressed)
	_, _ = zip.Write(protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.BytesType), uint64(size)))
	block := make([]byte, 1<<20)
	for range size >> 20 {
		_, _ = zip.Write(block) // Writing to a buffer does not fail.
	}
	_ = zip.Close()
	return compressed.Bytes()
}
