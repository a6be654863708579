package storetest_test

import (
	"context"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

// tailed is an upload with tails, some of whose methods may be replaced.
type tailed struct {
	tranship.Upload
	keeper     tranship.TailKeeper
	tail       func() tranship.Range
	continuing func(ctx context.Context) (tranship.PartWriter, error)
	part       func(ctx context.Context, n int) (tranship.PartWriter, error)
	durable    func() []tranship.Range
}

func (u *tailed) Tail() tranship.Range { return u.tail() }

func (u *tailed) ContinuePart(ctx context.Context) (tranship.PartWriter, error) {
	return u.continuing(ctx)
}

func (u *tailed) Part(ctx context.Context, n int) (tranship.PartWriter, error) { return u.part(ctx, n) }

func (u *tailed) Durable() []tranship.Range { return u.durable() }

// tails replaces methods of the uploads of a store.
func tails(flaw func(u *tailed)) func(flawed) flawed {
	return func(f flawed) flawed {
		return f.uploads(func(upload tranship.Upload) tranship.Upload {
			keeper, _ := tranship.As[tranship.TailKeeper](upload)
			u := &tailed{Upload: upload, keeper: keeper, tail: keeper.Tail, continuing: keeper.ContinuePart, part: upload.Part, durable: upload.Durable}
			flaw(u)
			return u
		})
	}
}

// tailWriting is a part writer whose two ways to end may be replaced.
type tailWriting struct {
	tranship.PartWriter
	end, endTail func() error
}

func (w tailWriting) Close() error { return w.end() }

func (w tailWriting) CloseTail() error { return w.endTail() }

func newTailWriting(part tranship.PartWriter) tailWriting {
	tail, _ := tranship.As[tranship.TailWriter](part)
	return tailWriting{part, part.Close, tail.CloseTail}
}

func testTailKeeper(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestTailKeeper(t, func(t *testing.T) tranship.Store {
		return flaw(newFlawed(&mem.Store{PartSize: 1000}))
	})
}

// tailMutants are stores by what is wrong with their tails.
func tailMutants() map[string]mutant {
	return map[string]mutant{
		"has lost its TailKeeper": {"goes on", testTailKeeper, func(f flawed) flawed {
			return f.uploads(func(upload tranship.Upload) tranship.Upload { return struct{ tranship.Upload }{upload} })
		}},
		"closes a tail as it does a part": {"goes on", testTailKeeper, tails(func(u *tailed) {
			u.part = func(ctx context.Context, n int) (tranship.PartWriter, error) {
				part, err := u.Upload.Part(ctx, n)
				if err != nil {
					return nil, err
				}
				w := newTailWriting(part)
				w.endTail = part.Close
				return w, nil
			}
		})},
		"begins the part of a tail again": {"goes on", testTailKeeper, tails(func(u *tailed) {
			u.continuing = func(ctx context.Context) (tranship.PartWriter, error) {
				if u.keeper.Tail().Length == 0 {
					return u.keeper.ContinuePart(ctx)
				}
				return u.Upload.Part(ctx, int(u.keeper.Tail().Offset/u.PartSize()))
			}
		})},
		"makes a tail of what was closed": {"a continued part, closed too early", testTailKeeper, tails(func(u *tailed) {
			u.continuing = func(ctx context.Context) (tranship.PartWriter, error) {
				part, err := u.keeper.ContinuePart(ctx)
				if err != nil {
					return nil, err
				}
				w := newTailWriting(part)
				w.end = w.endTail
				return w, nil
			}
		})},
		"has its tail among the durable parts": {"goes on", testTailKeeper, tails(func(u *tailed) {
			u.durable = func() []tranship.Range {
				all := u.Upload.Durable()
				if tail := u.keeper.Tail(); tail.Length > 0 {
					all = append(all, tail)
				}
				return all
			}
		})},
		"drops the tail with any part": {"beside another part", testTailKeeper, tails(func(u *tailed) {
			u.part = func(ctx context.Context, n int) (tranship.PartWriter, error) {
				if tail := u.keeper.Tail(); tail.Length > 0 {
					if _, err := u.Upload.Part(ctx, int(tail.Offset/u.PartSize())); err != nil {
						return nil, err
					}
				}
				return u.Upload.Part(ctx, n)
			}
		})},
		"remembers a tail that was dropped": {"a part begun again", testTailKeeper, tails(func(u *tailed) {
			var last tranship.Range
			u.tail = func() tranship.Range {
				if now := u.keeper.Tail(); now.Length > 0 {
					last = now
				}
				return last
			}
		})},
		"does not know the checksum of a tail": {"goes on", testTailKeeper, tails(func(u *tailed) {
			u.tail = func() tranship.Range {
				tail := u.keeper.Tail()
				tail.CRC32C = nil
				return tail
			}
		})},
	}
}
