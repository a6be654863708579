package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/bytesize"
	"github.com/tranship/tranship/internal/rpcstatus"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const (
	// requestBytes is the size of the request that finds a proxy's limit of 1 MiB. It is less than
	// every server accepts in one message.
	requestBytes = 1<<20 + 1<<19
	// chunkBytes is how much of a stream is sent at a time.
	chunkBytes = 64 << 10
	// paddingField is a field that no version of the protocol has. Servers ignore it.
	paddingField = 1<<16 + 1
)

// request sends one large request to which the server answers only when it has all of it, so that
// a proxy that limits requests can still answer itself.
func (e *examination) request(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, 2*e.Patience)
	defer cancel()
	padded := &transhipv1.GetServerInfoRequest{}
	padding := protowire.AppendTag(nil, paddingField, protowire.BytesType)
	padded.ProtoReflect().SetUnknown(protowire.AppendBytes(padding, make([]byte, requestBytes)))
	if _, err := e.files.GetServerInfo(asking, padded); err != nil {
		e.isLimited = true
		e.problem(ctx, checkRequest, fmt.Sprintf("a request of %s", bytesize.Text(requestBytes)), rpcstatus.FromError(err))
		return
	}
	e.report(checkRequest, Good, "", "a request of %s passes", bytesize.Text(requestBytes))
}

// uploadStream is a call without effect: it joins uploads that do not exist, so that the server
// fails each slot, and drops what comes for it.
type uploadStream struct {
	grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse]
	slot    uint64
	replies chan error
}

// upload begins a call.
func (e *examination) upload(ctx context.Context) (*uploadStream, error) {
	calls, err := e.files.Upload(ctx)
	if err != nil {
		return nil, err
	}
	s := &uploadStream{BidiStreamingClient: calls, replies: make(chan error)}
	go func() {
		for {
			response, err := calls.Recv()
			if err == nil && response.GetFailed() == nil {
				continue
			}
			select {
			case s.replies <- err:
			case <-ctx.Done():
			}
			if err != nil {
				return
			}
		}
	}()
	return s, nil
}

// ask sends what the server answers at once.
func (s *uploadStream) ask() error {
	s.slot++
	return s.Send(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{
		Slot: s.slot, Mode: transhipv1.Begin_MODE_JOIN, UploadId: "tranship-doctor", Epoch: 1,
	}}})
}

// errHeldBack is the error of an answer that does not come while the call is open.
var errHeldBack = errors.New("no answer")

// errEnded is the error of a call that the other end has ended as if it had succeeded.
var errEnded = errors.New("the other end ended the call without an error, which the server does not do")

// translated returns the error of a call.
func translated(err error) error {
	if errors.Is(err, io.EOF) {
		return errEnded
	}
	if answer, ok := status.FromError(err); ok && answer.Message() == "" {
		return fmt.Errorf("%w: the other end ended the call without a reason (%v)", rpcstatus.FromError(err), answer.Code())
	}
	return rpcstatus.FromError(err)
}

// answer waits for the answer to ask.
func (s *uploadStream) answer(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case err := <-s.replies:
		return err
	case <-timer.C:
		return errHeldBack
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stream examines a call that lasts: whether messages pass at once, and how many bytes it carries.
func (e *examination) stream(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := e.upload(ctx)
	begun := e.Now()
	if err == nil {
		err = s.ask()
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = s.answer(ctx, e.Patience)
	}
	if errors.Is(err, errHeldBack) {
		e.heldBack(ctx, s)
		return
	}
	if err != nil {
		e.problem(ctx, checkStream, "a call with messages both ways", translated(err))
		return
	}
	answered := e.Now().Sub(begun)
	begun = e.Now()
	sent, err := e.send(ctx, s)
	if err != nil {
		e.isLimited = true
		e.cut(ctx, sent, err)
		return
	}
	took := e.Now().Sub(begun)
	e.report(checkStream, Good, "", "messages pass at once, both ways, in %v; a call sent %s at %s/s over gRPC",
		round(answered), bytesize.Text(float64(sent)), bytesize.Text(float64(sent)/max(took.Seconds(), 1e-6)))
}

// heldBack reports a stream whose answer did not come. It ends the stream, to see whether the
// answer comes then.
func (e *examination) heldBack(ctx context.Context, s *uploadStream) {
	const doing = "a call with messages both ways"
	if err := s.CloseSend(); err != nil {
		e.problem(ctx, checkStream, doing, translated(err))
		return
	}
	switch err := s.answer(ctx, e.Patience); {
	case errors.Is(err, errHeldBack):
		e.report(checkStream, Problem, e.advice(bufferLimit), "%s: no answer within %v, and none after the call's end", doing, e.Patience)
	case err != nil:
		e.problem(ctx, checkStream, doing, translated(err))
	default:
		e.report(checkStream, Problem, e.advice(bufferLimit), "%s: the answer came only after the end of the request: a proxy buffers requests or answers", doing)
	}
}

// send sends bytes that the server drops, and then waits until it has read them.
func (e *examination) send(ctx context.Context, s *uploadStream) (sent int64, err error) {
	data := make([]byte, chunkBytes)
	for sent < e.SendBytes && err == nil {
		n := min(int64(len(data)), e.SendBytes-sent)
		err = s.Send(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Chunk{Chunk: &transhipv1.Chunk{Slot: s.slot, Data: data[:n]}}})
		if err == nil {
			sent += n
		}
	}
	if err == nil {
		err = s.ask()
	}
	if err == nil || errors.Is(err, io.EOF) {
		// As much time as a link of 100 kB/s needs, beside an answer.
		err = s.answer(ctx, e.Patience+time.Duration(e.SendBytes/100_000)*time.Second)
	}
	return sent, err
}

// cut reports a call that ended while it sent bytes.
func (e *examination) cut(ctx context.Context, sent int64, err error) {
	doing := fmt.Sprintf("a call that sends %s", bytesize.Text(float64(e.SendBytes)))
	why := translated(err)
	proxy, ok := errors.AsType[*tranship.ProxyError](why)
	if !ok || ctx.Err() != nil {
		e.problem(ctx, checkStream, doing, why)
		return
	}
	advice := proxy.Advice
	if proxy.Status == 0 {
		advice = e.advice(sizeLimit)
	}
	text, _ := explain(why)
	e.report(checkStream, Problem, advice, "%s was ended when about %s had left: %s", doing, bytesize.Text(float64(sent)), text)
}
