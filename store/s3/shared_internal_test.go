package s3

import "testing"

// TestAdoptOwn has an upload take over states of the session that it stored itself, before it learned
// that they were stored, and one of another server.
func TestAdoptOwn(t *testing.T) {
	known := func(revision uint64, dropped string) *session {
		x := &session{Revision: revision, PartSize: 1000, Size: 3000}
		if dropped != "" {
			x.Dropped = map[int]string{1: dropped}
		}
		return x
	}
	noted := func(revision uint64, etag string) *session {
		x := known(revision, "")
		x.Noted = map[int]notedPart{1: {ETag: etag}}
		return x
	}
	for name, test := range map[string]struct {
		known, found *session
		part         part
		kept         bool
	}{
		"the same bytes written again after the drop": {known(2, "a"), known(3, "a"), part{closed: true, etag: "a"}, true},
		"a drop by another server":                    {known(2, ""), known(3, "a"), part{closed: true, etag: "a"}, false},
		"a drop of other bytes":                       {known(2, ""), known(3, "b"), part{closed: true, etag: "a"}, true},
		"a late note of the older part":               {known(2, ""), noted(3, "a"), part{older: "a"}, true},
		"a note of the part":                          {known(2, ""), noted(3, "a"), part{closed: true, etag: "a"}, true},
		"a note by another server":                    {known(2, ""), noted(3, "b"), part{closed: true, etag: "a"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upload{session: test.known, partSize: 1000, parts: map[int]*part{1: &test.part}}
			u.adoptLocked(test.found)
			if kept := u.parts[1] == &test.part; kept != test.kept {
				t.Errorf("kept: %t, want %t", kept, test.kept)
			}
			if u.session != test.found {
				t.Error("the upload has not taken over the session")
			}
		})
	}
}
