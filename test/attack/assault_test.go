//go:build linux

package attack

import (
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

func assaults() []assault {
	bomb := zeros(64 << 20)
	begin := &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
		Slot: 1, Mode: transhipv1.Begin_MODE_RESUME, Path: "lost", Size: new(int64(1)), Keep: true, ResumeKey: "key",
	}}}
	invalid := &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: 1, Path: "../" + strings.Repeat("x", 1000)}}}
	return []assault{
		{
			name: "silent calls", what: "28 calls without a message from each of 8 addresses, begun anew when they end",
			begin: func(ctx context.Context, s *site) error { return silent(ctx, s, 8, statMethod) },
		},
		{
			name: "silent uploads", what: "the same of uploads",
			begin: func(ctx context.Context, s *site) error { return silent(ctx, s, 8, uploadMethod) },
		},
		{
			name: "stalled lists", what: "8 of 40,000 names of 200 letters, of which nothing is read",
			prepare: func(b *testing.B, s *site) { s.fillLong(b, 40_000) },
			begin: func(ctx context.Context, s *site) error {
				return stand(ctx, s, 1, func(f *frames) error {
					return f.stall(8, listMethod, &transhipv1.ListRequest{Directory: many, Recursive: true}, true)
				}, noWindow)
			},
		},
		{
			name: "descriptors", what: "8 stalled lists of a tree 500 deep and 600 connections, with 4,096 descriptors", descriptors: 4096,
			prepare: func(b *testing.B, s *site) { s.fillDeep(b, 500) },
			begin: func(ctx context.Context, s *site) error {
				for range 600 {
					conn, err := s.attackFrom(ctx)
					if err != nil {
						return err
					}
					context.AfterFunc(ctx, func() { conn.Close() })
				}
				return stand(ctx, s, 1, func(f *frames) error {
					return f.stall(8, listMethod, &transhipv1.ListRequest{Directory: many, Recursive: true}, true)
				}, noWindow)
			},
		},
		{
			name: "lost uploads", what: "200 uploads a second begun and broken off", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error { return f.stall(10, uploadMethod, begin, false) }),
		},
		{
			name: "invalid paths", what: "2,000 uploads a second to paths of 1,000 letters that are refused, with an audit log", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error { return f.stall(100, uploadMethod, invalid, true) }),
		},
		{
			name: "rapid reset", what: "2,000 calls begun and reset a second", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error {
				for stream := uint32(1); stream < 200; stream += 2 {
					if err := f.open(stream, uploadMethod, false); err != nil {
						return err
					}
					if err := f.WriteRSTStream(stream, http2.ErrCodeCancel); err != nil {
						return err
					}
				}
				return nil
			}),
		},
		{
			name: "empty streams", what: "4,000 calls without a message, on 4 connections",
			begin: func(ctx context.Context, s *site) error { return stand(ctx, s, 4, openCalls(1000, statMethod, nil)) },
		},
		{
			name: "idle connections", what: "500 that say nothing",
			begin: func(ctx context.Context, s *site) error {
				for range 500 {
					conn, err := s.attackFrom(ctx)
					if err != nil {
						return err
					}
					context.AfterFunc(ctx, func() { conn.Close() })
				}
				return nil
			},
		},
		{
			name: "slow senders", what: "300 uploads that stop in the middle of a chunk, on 3 connections",
			begin: func(ctx context.Context, s *site) error {
				return stand(ctx, s, 3, openCalls(100, uploadMethod, []byte{0, 0, 1, 0, 0, 'x'}))
			},
		},
		{
			name: "slow readers", what: "300 downloads of which nothing is read, on 3 connections",
			begin: func(ctx context.Context, s *site) error {
				open := message([]byte{0x0a, 8, 0x08, 1, 0x12, 4, 'f', 'i', 'l', 'e'})
				return stand(ctx, s, 3, openCalls(100, downloadMethod, open), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
			},
		},
		{
			name: "header bombs", what: "20 headers of 1 MiB a second", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error {
				return f.writeBlock(1, f.fields(statMethod, hpack.HeaderField{Name: "x", Value: strings.Repeat("x", 1<<20), Sensitive: true}))
			}),
		},
		{
			name: "ping flood", what: "4,000 pings a second", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error {
				for range 200 {
					if err := f.WritePing(false, [8]byte{}); err != nil {
						return err
					}
				}
				return nil
			}),
		},
		{
			name: "malformed messages", what: "400 calls a second", every: 50 * time.Millisecond,
			strike: once(func(f *frames) error { return openCalls(20, statMethod, message([]byte("\xff\xff\xff")))(f) }),
		},
		{
			name: "decompression bombs", what: "10 messages of 64 MiB of zeros a second", every: 100 * time.Millisecond,
			strike: once(func(f *frames) error {
				err := f.WriteHeaders(http2.HeadersFrameParam{
					StreamID: 1, BlockFragment: f.fields(statMethod, hpack.HeaderField{Name: "grpc-encoding", Value: "gzip"}), EndHeaders: true,
				})
				if err != nil {
					return err
				}
				data := message(bomb)
				data[0] = 1 // compressed
				for len(data) > 0 && err == nil {
					piece := data[:min(len(data), 16<<10)]
					data = data[len(piece):]
					err = f.WriteData(1, false, piece)
				}
				return err
			}),
		},
		{
			name: "listing", what: "a directory of 100,000 entries, again and again", every: time.Millisecond,
			prepare: func(b *testing.B, s *site) { s.fill(b, 100_000) },
			strike: func(ctx context.Context, s *site) error {
				conn, err := s.newConn()
				if err != nil {
					return err
				}
				defer conn.Close()
				_, err = callContext(ctx, conn, "/tranship.v1.FileService/List", nil, []byte{0x0a, 4, 'm', 'a', 'n', 'y', 0x10, 1})
				return err
			},
		},
	}
}
