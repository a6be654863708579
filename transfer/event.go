package transfer

import "time"

// Event is something about one file that a person may want to know while it goes
// on. What is counted is in Progress, and how a file ended in its Result.
type Event struct {
	// Kind says what happened.
	Kind EventKind
	// Source is the item's name, Path where the file goes.
	Source, Path string
	// Upload is the id of an upload, of EventLeft.
	Upload string
	// Bytes of the file: what it is about depends on Kind.
	Bytes int64
	// Err is why, where there is a reason.
	Err error
	// Wait is how long it is until the next attempt, Attempt its number.
	Wait    time.Duration
	Attempt int
}

// EventKind is what an Event is about.
type EventKind int

const (
	// EventBegin: the file's turn has come. Bytes is its size, or -1.
	EventBegin EventKind = iota + 1
	// EventResume: the destination has Bytes of the file already, which are
	// being proved.
	EventResume
	// EventDiffers: Bytes at the destination are not those of the source, and
	// are sent again.
	EventDiffers
	// EventRestart: the file is copied from its beginning, and Bytes that were
	// kept of it are discarded. Err says why, and matches ErrChanged if the
	// source has another version now.
	EventRestart
	// EventRetry: an attempt failed with Err. The next is made after Wait.
	EventRetry
	// EventTimeLost: the destination has all content of the file, and cannot keep its
	// modified time. Err is the reason.
	EventTimeLost
	// EventLeft: the destination may still have an unfinished upload of the file
	// that can be of no more use, because it could not be removed. Err is the reason.
	// tranship.Uploads.AbortUpload removes Upload, and otherwise it expires.
	EventLeft
	// EventEnd: the file has ended. Err is that of its Result.
	EventEnd
)
