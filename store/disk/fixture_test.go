package disk

import (
	"os"
	"testing"

	"github.com/tranship/tranship"
)

// fixtureID is the id of an upload of noise(7, 4*tiny-100) that an earlier version of this
// package left. Its journal is in testdata. Part 1 has other bytes than the content, and part 3
// had been begun again when the program ended.
const fixtureID = "zbg6jn5ruxaic6tavmsdcxfufr"

// An upload of an earlier version is resumed, and only complete parts count.
func TestJournalOfEarlierVersion(t *testing.T) {
	journal, err := os.ReadFile("testdata/" + fixtureID + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	content, other := noise(7, 4*tiny-100), noise(8, 4*tiny-100)
	data := append([]byte(nil), content...)
	copy(data[tiny:2*tiny], other[tiny:])
	f := fixture{T: t, directory: t.TempDir()}
	f.writeByHand(uploadsDirectory+"/"+fixtureID, string(data))
	f.writeByHand(uploadsDirectory+"/"+journalName(fixtureID), string(journal))
	f = f.open(small, unsynced()).withTinyParts()
	spec := resumable("d/file", content)
	spec.Owner, spec.Durability = "ann", tranship.DurabilityDurable
	u := f.begin(spec)
	if u.ID() != fixtureID || u.Epoch() != 3 {
		t.Fatalf("upload %s of epoch %d", u.ID(), u.Epoch())
	}
	parts := durable(u)
	if len(parts) != 3 {
		t.Errorf("parts %v are durable, want 0, 1 and 2", parts)
	}
	for n, crc := range parts {
		if got := tranship.CRC32C(cut(data, tiny, n)); got != crc || n == 3 {
			t.Errorf("part %d has CRC32C %08x, not %08x", n, got, crc)
		}
	}
	f.write(u, content, 1)
	f.finish(u, "d/file", content)
}
