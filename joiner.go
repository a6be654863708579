package tranship

import (
	"context"
	"fmt"
)

// UploadJoiner is an ability of a Store that several servers use at the same time: it opens an
// upload that was begun at another instance of the store, so that the streams of one upload may
// reach different servers. A server without it tells clients to send all parts of an upload to
// the server that has begun it.
type UploadJoiner interface {
	// JoinUpload opens the unfinished upload with an id in an epoch, beside the Upload that
	// Begin has returned and others that have joined. It returns that Upload and the spec
	// of the epoch. Only an upload with a ResumeKey can be joined.
	//
	// JoinUpload returns ErrNotFound if the store has no such unfinished upload, ErrAborted
	// if the upload was resumed in a newer epoch, and ErrUnavailable if the epoch has ended
	// with Detach, so that the upload can be resumed. JoinUpload does not check who calls:
	// the caller compares the owner of the spec with its own caller.
	//
	// Part, CopyPart, Sync and Durable of the returned Upload do what they do in the Upload
	// of Begin. A part has one writer: a newer writer ends the older one, also that of
	// another Upload. Durable has at least the parts that were written with the returned
	// Upload. The Commit of the Upload of Begin counts these parts once Sync of the returned
	// Upload has returned.
	//
	// Commit of the returned Upload fails with ErrUnsupported. Its Abort and Detach end only
	// the returned Upload, with its writers, and the caller must call one of them. When the
	// epoch ends, the other methods that return an error return ErrAborted.
	JoinUpload(ctx context.Context, id string, epoch uint64) (Upload, Spec, error)
}

// JoinUpload opens an upload of a store with its UploadJoiner. It returns ErrUnsupported if the
// store has none.
func JoinUpload(ctx context.Context, store Uploads, id string, epoch uint64) (Upload, Spec, error) {
	joiner, ok := As[UploadJoiner](store)
	if !ok {
		return nil, Spec{}, fmt.Errorf("%w: the store cannot join an upload that another server has begun", ErrUnsupported)
	}
	return joiner.JoinUpload(ctx, id, epoch)
}
