package compat

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
)

// NewCall returns a context for a call that lasts until cancel, and so outlives ctx,
// which governs only how the call begins: until started is called, which returns
// ctx's error if it has ended the call by then.
func NewCall(ctx context.Context) (call context.Context, cancel context.CancelFunc, started func() error) {
	call, cancel = context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	return call, cancel, func() error {
		if stop() {
			return nil
		}
		return ctx.Err()
	}
}

// Supported reports whether spec asks for nothing that protocols without
// preconditions and metadata cannot do. The modified time and the mode are merely
// lost, and how durable a file is the server decides.
func Supported(spec tranship.Spec) error {
	if err := spec.Validate(); err != nil {
		return err
	}
	switch {
	case spec.Precondition != tranship.Precondition{}:
		return unsupported("preconditions")
	case len(spec.Attributes.Metadata) > 0:
		return unsupported("metadata")
	}
	return nil
}

func unsupported(what string) error {
	return fmt.Errorf("%w: this protocol has no %s", tranship.ErrUnsupported, what)
}
