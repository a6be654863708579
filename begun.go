package tranship

// CommittedUpload is an ability of an Upload of a store that remembers commits: it tells
// whether Begin has returned a commit that was remembered, as Writer.Begin describes.
type CommittedUpload interface {
	// Committed reports whether the upload was committed, by this Upload or by an earlier
	// one that Begin has resumed. The store then keeps nothing of the upload but its file.
	// Committed is safe for concurrent use.
	Committed() bool
}

// DiscardReporter is an ability of an Upload that may have found bytes of an earlier
// attempt that could not be used.
type DiscardReporter interface {
	// Discarded returns how many bytes of an earlier attempt were thrown away when the
	// upload was begun, and why, as a sentence for people; 0 and nil if none were. It is
	// safe for concurrent use.
	Discarded() (bytes int64, reason error)
}
