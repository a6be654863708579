package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// disconnected is a store that refuses a file at its commit, and whose uploads have lost
// their connection by then.
type disconnected struct {
	*mem.Store
	// down means that there is no other connection either.
	down bool
}

var errLost = fmt.Errorf("%w: the connection is lost", tranship.ErrUnavailable)

func (d *disconnected) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := d.Store.Begin(ctx, spec)
	return disconnectedUpload{upload}, err
}

func (d *disconnected) AbortUpload(ctx context.Context, id string) error {
	if d.down {
		return errLost
	}
	return d.Store.AbortUpload(ctx, id)
}

type disconnectedUpload struct{ tranship.Upload }

func (disconnectedUpload) Commit(context.Context, tranship.Commit) (tranship.File, error) {
	return tranship.File{}, &tranship.InvalidError{Field: "size", Rule: "it is refused"}
}

func (disconnectedUpload) Abort(context.Context) error { return errLost }

// An upload that can be of no more use is removed through another connection, or its id is
// reported.
func TestUploadLeft(t *testing.T) {
	name, _ := largeFile(t)
	for _, down := range []bool{false, true} {
		t.Run(fmt.Sprint(down), func(t *testing.T) {
			store := &disconnected{&mem.Store{PartSize: partBytes}, down}
			var left []string
			err := Copy(t.Context(), store, localItem(t, name), Options{Events: func(e Event) {
				if e.Kind == EventLeft && errors.Is(e.Err, tranship.ErrUnavailable) {
					left = append(left, e.Upload)
				}
			}})
			if !errors.Is(err, tranship.ErrInvalid) || errors.Is(err, ErrResumable) {
				t.Errorf("error %v", err)
			}
			var want []string
			for upload := range store.ListUploads(t.Context(), "") {
				want = append(want, upload.ID)
			}
			if len(want) > 0 != down || !slices.Equal(left, want) {
				t.Errorf("%q were reported, and %q are left", left, want)
			}
		})
	}
}
