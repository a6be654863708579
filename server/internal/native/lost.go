package native

import "slices"

const (
	// maxLost bounds how many lost uploads are remembered.
	maxLost = 10_000
	// maxLostOfCaller bounds how many of them one caller has.
	maxLostOfCaller = 1000
)

// lostUploads remembers uploads whose owning stream broke, by id, so that a slot that
// joins one is told that the upload can be resumed. When a caller has too many, its oldest
// is forgotten; when there are too many in all, the oldest of the caller with the most.
// The zero value is empty.
type lostUploads struct {
	byID map[string]lostUpload
	// ids has the ids of each caller, oldest first.
	ids map[string][]string
}

// lostUpload is what is remembered of one upload.
type lostUpload struct {
	owner string
	epoch uint64
	// caller is the caller that the upload counts for.
	caller string
	// cancelled is why an administrator's call has ended the upload; nil if the stream broke.
	cancelled error
}

// add remembers an upload.
func (l *lostUploads) add(id string, upload lostUpload) {
	if l.byID == nil {
		l.byID, l.ids = make(map[string]lostUpload), make(map[string][]string)
	}
	l.remove(id)
	if own := l.ids[upload.caller]; len(own) >= maxLostOfCaller {
		l.remove(own[0])
	} else if len(l.byID) >= maxLost {
		l.remove(l.ids[l.busiest()][0])
	}
	l.byID[id] = upload
	l.ids[upload.caller] = append(l.ids[upload.caller], id)
}

// busiest is the caller with the most uploads.
func (l *lostUploads) busiest() (caller string) {
	for name, ids := range l.ids {
		if len(ids) > len(l.ids[caller]) {
			caller = name
		}
	}
	return caller
}

// remove forgets an upload, if it is remembered.
func (l *lostUploads) remove(id string) {
	upload, ok := l.byID[id]
	if !ok {
		return
	}
	delete(l.byID, id)
	own := l.ids[upload.caller]
	i := slices.Index(own, id)
	if own = slices.Delete(own, i, i+1); len(own) == 0 {
		delete(l.ids, upload.caller)
	} else {
		l.ids[upload.caller] = own
	}
}

// has reports whether an owner's upload was lost in an epoch.
func (l *lostUploads) has(id, owner string, epoch uint64) bool {
	upload, ok := l.byID[id]
	return ok && upload.owner == owner && upload.epoch == epoch
}
