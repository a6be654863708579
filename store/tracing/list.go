package tracing

import (
	"context"
	"errors"
	"iter"

	"github.com/tranship/tranship"
)

// traced returns a list whose span begins when it is read, and ends with it.
func traced[Value any](ctx context.Context, tracer Tracer, operation Operation, list func(context.Context) iter.Seq2[Value, error]) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		span := tracer.Begin(ctx, operation)
		if span == nil {
			list(ctx)(yield)
			return
		}
		var failure error
		defer func() { span.End(Result{Err: failure}) }()
		for value, err := range list(span.Context(ctx)) {
			if _, skipped := errors.AsType[*tranship.SkippedError](err); err != nil && !skipped {
				failure = err
			}
			if !yield(value, err) {
				return
			}
		}
	}
}
