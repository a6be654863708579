package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/relist"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/silence"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// List implements tranship.Store. An old server ignores Prefix and EndBefore; List then
// omits the entries that are outside of them.
func (c *Client) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		if err := options.Validate(); err != nil {
			yield(tranship.Entry{}, err)
			return
		}
		position := relist.Begin(options)
		for repeats := 0; ; repeats++ {
			call := listCall{client: c, options: position.Options()}
			err := call.run(ctx, func(entry tranship.Entry, err error) bool {
				if !position.Advance(entry, err) {
					return true
				}
				repeats = 0
				return yield(entry, err)
			})
			switch {
			case isRenewed(err) && repeats < maxRepeats:
				continue // after the last entry
			case err != nil:
				yield(tranship.Entry{}, rpcstatus.FromError(err))
				return
			case !call.cutShort() || position.Full():
				return
			}
			position.Skip(call.last)
		}
	}
}

// listCall is one call for a list, or for a part of it.
type listCall struct {
	client  *Client
	options tranship.ListOptions
	// entries counts the received entries, and outside those of them that the options
	// exclude; last is the key of the last one.
	entries, outside int
	last             string
	// ended means that the list needs no further call: the caller has stopped, or the
	// last entry is beyond the bounds.
	ended bool
}

// limit returns how many entries the call asks for; 0 means all.
func (l *listCall) limit() int { return min(l.options.Limit, math.MaxInt32) }

// cutShort reports whether more entries may follow although the call reached its limit,
// because some of the counted entries were outside of the options, or because the call
// asked for fewer than the options do.
func (l *listCall) cutShort() bool {
	return !l.ended && l.limit() > 0 && l.entries == l.limit() && (l.outside > 0 || l.limit() < l.options.Limit)
}

// run makes the call. Its error may be a *renewedError.
func (l *listCall) run(ctx context.Context, yield func(tranship.Entry, error) bool) error {
	watch, stop := silence.New(ctx, l.client.stallTimeout, "no entry came")
	defer stop()
	ctx = watch.Context()
	stream, err := l.client.files.List(l.client.askKeepAlive(ctx), &transhipv1.ListRequest{
		Directory:     l.options.Directory,
		Recursive:     l.options.Recursive,
		Prefix:        l.options.Prefix,
		StartAfter:    l.options.StartAfter,
		EndBefore:     l.options.EndBefore,
		Limit:         int32(l.limit()), //nolint:gosec // at most MaxInt32
		ReportSkipped: l.options.ReportSkipped,
		Brief:         l.options.Brief,
	})
	if err != nil {
		return watch.Explain(err)
	}
	var sum wire.ListSum
	var end *transhipv1.ListEnd
	order := wire.NewListOrder(l.options)
	var idle wire.Idle
	for {
		watch.Moved()
		response, err := stream.Recv()
		watch.Rest() // the time that yield takes does not count
		if errors.Is(err, io.EOF) {
			return sum.Verify(end)
		}
		if err != nil && isRenewed(err) {
			return err
		}
		if err != nil {
			return watch.Explain(rpcstatus.FromError(err))
		}
		end = response.GetEnd()
		if len(response.GetEntries())+len(response.GetSkipped()) > 0 {
			idle.Useful()
		} else if err := idle.Useless(); err != nil {
			return err
		}
		for entry, err := range wire.ListItems(response, l.options.Directory) {
			skipped, isSkipped := errors.AsType[*tranship.SkippedError](err)
			switch {
			case err != nil && !isSkipped:
				return err
			case isSkipped && !l.options.ReportSkipped:
				return fmt.Errorf("%w: the server reports skipped entries that the client did not request", tranship.ErrIntegrity)
			}
			if breach := order.Check(entry, err); breach != nil {
				return breach
			}
			sum.AddItem(entry, err)
			key := entry.Key()
			if isSkipped {
				key = skipped.Key()
			} else if l.last, l.entries = key, l.entries+1; l.limit() > 0 && l.entries > l.limit() {
				return fmt.Errorf("%w: the server sent more than the %d requested entries", tranship.ErrIntegrity, l.limit())
			}
			if l.options.Ends(key) {
				l.ended = true
				return nil
			}
			if !l.options.Contains(key) {
				l.outside++
				continue
			}
			if !yield(entry, err) {
				l.ended = true
				return nil
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
}
