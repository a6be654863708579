package compat

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
)

// NewCall returns a context for a call that lasts until cancel is called, even if ctx
// ends earlier. ctx ends the call only until started is called. If ctx has ended the call
// by then, started returns its error.
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

// Supported returns an error unless protocols without preconditions and metadata can
// carry out spec. They lose the modified time and the mode, and the server decides how
// durable a file is.
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
