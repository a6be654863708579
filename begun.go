package tranship

// CommittedUpload is an ability of an Upload: it reports whether Begin has returned an
// upload whose commit the store remembers, as Writer.Begin describes.
type CommittedUpload interface {
	// Committed reports whether the upload was committed, by this Upload or by an earlier
	// one that Begin has resumed. The store then keeps nothing of the upload but its file.
	// Committed is safe for concurrent use.
	Committed() bool
}

// DiscardReporter is an ability of an Upload: it reports bytes of an earlier attempt that
// the upload could not use.
type DiscardReporter interface {
	// Discarded returns how many bytes of an earlier attempt Begin has discarded, and the
	// reason as a sentence for people; 0 and nil if it has discarded none. It is safe for
	// concurrent use.
	Discarded() (bytes int64, reason error)
}
