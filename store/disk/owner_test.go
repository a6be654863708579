package disk

import (
	"testing"
)

const (
	// oldID is the id of an upload that was stored by a version without owners: 4 bytes for
	// d/file, with the resume key "key".
	oldID      = "IM27NS6DN5UQQS42BIGD4X4ANP"
	oldJournal = "\x00n\x01\x00\x03\x02\x1aIM27NS6DN5UQQS42BIGD4X4ANP\x06d/file\x04\x03key\x00" +
		"\x80\xd0\xdf\xe4\xb9\xef\xe9\x9d\x1b\xa0\x03\x01\x01a\x01b\x80\x80@\xf6\x91\xad\xe0\xe9\x98\x86\xeb1\x01" +
		"$e9e0dfd2-6ff8-45d3-b2cf-d35efbcb3728P\x91Y,\x00\b\x02\x01\x00\x04\xae\xd8}\xd1A\xc2\x1f\x11"
)

// An upload of a version without owners belongs to the anonymous owner.
func TestJournalWithoutOwner(t *testing.T) {
	f := fixture{T: t, directory: t.TempDir()}
	f.writeByHand(uploadsDirectory+"/"+oldID, "data")
	f.writeByHand(uploadsDirectory+"/"+journalName(oldID), oldJournal)
	f = f.open(small, unsynced())
	data := []byte("data")
	spec := resumable("d/file", data)
	spec.Owner = "ann"
	if u := f.begin(spec); u.ID() == oldID || len(u.Durable()) != 0 {
		t.Errorf("ann resumed an upload that is not hers")
	}
	spec.Owner = ""
	u := f.begin(spec)
	if u.ID() != oldID || u.Epoch() != 2 || len(u.Durable()) != 1 {
		t.Fatalf("the upload was lost: %s, epoch %d, %v", u.ID(), u.Epoch(), u.Durable())
	}
	f.detach(u)
	f = f.reopen() // which reads the entries that this version has added
	if u := f.begin(spec); u.ID() != oldID || u.Epoch() != 3 || len(u.Durable()) != 1 {
		t.Fatalf("after it was resumed: %s, epoch %d, %v", u.ID(), u.Epoch(), u.Durable())
	}
	if first := string(headers()["least"].encode()); first[0]&flagOwner != 0 {
		t.Errorf("an upload without an owner has the flag of one")
	}
}
