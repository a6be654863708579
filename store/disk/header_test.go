package disk

import (
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
)

func headers() map[string]header {
	return map[string]header{
		"least": {id: "ID", spec: tranship.Spec{Path: "p", Size: new(int64(0)), ResumeKey: "k"}, partSize: 1, created: time.Unix(0, 0), epoch: 1},
		"must not exist": {
			id: "ID", spec: tranship.Spec{Path: "p", Size: new(int64(0)), ResumeKey: "k", Precondition: tranship.Precondition{MustNotExist: true}},
			partSize: 1, created: time.Unix(0, 0), epoch: 1,
		},
		"most": {
			id: strings.Repeat("I", 26),
			spec: tranship.Spec{
				Path: strings.Repeat(strings.Repeat("p", 255)+"/", 4)[:1023],
				Size: new(int64(1<<63 - 1)),
				Attributes: tranship.Attributes{
					ModTime:  new(time.Unix(0, -1)),
					Mode:     new(fs.FileMode(0o777)),
					Metadata: map[string]string{"a": "", "key": strings.Repeat("\x01", 2000)},
				},
				Precondition: tranship.Precondition{MustMatchVersion: strings.Repeat("v", 128)},
				Durability:   tranship.DurabilityDurable,
				ResumeKey:    strings.Repeat("k", 256),
				Owner:        strings.Repeat("o", tranship.MaxOwnerBytes),
			},
			partSize: maxPartSize, created: time.Unix(0, 1<<62), epoch: 1<<64 - 1, boot: strings.Repeat("b", 128),
		},
	}
}

func TestHistory(t *testing.T) {
	for name, want := range headers() {
		entries := []partfile.Entry{partfile.HeaderEntry(want.encode())}
		if name == "most" {
			entries = append(entries, partfile.PartEntry(3, maxPartSize, 7), partfile.PartEntry(4, maxPartSize, 8), partfile.VoidEntry(3),
				partfile.ClosingEntry(partfile.Outcome{Version: "v", CRC32C: 9}), partfile.CommittedEntry(partfile.Outcome{Version: "w", CRC32C: 9, At: time.Unix(1, 2)}))
		}
		var data []byte
		for i, e := range entries {
			data = partfile.AppendRecord(data, want.id, uint64(i), e)
		}
		h, ok := readJournal(want.id, data)
		if !ok || h.Bytes != int64(len(data)) || h.Records != uint64(len(entries)) || !reflect.DeepEqual(h.header, want) {
			t.Errorf("%s: %+v, %v", name, h, ok)
		}
		if name == "most" && (len(h.Parts) != 1 || h.Parts[4] != 8 || h.Closing == nil || h.Closing.Version != "w" || !h.Closing.At.Equal(time.Unix(1, 2))) {
			t.Errorf("%s: %+v", name, h)
		}
		if _, ok := readJournal("OTHER", data); ok {
			t.Errorf("%s: was mistaken for another's", name)
		}
		if n := len(want.encode()); n > partfile.MaxPayload-16 {
			t.Errorf("%s: a header has %d bytes", name, n)
		}
	}
}

// FuzzReadJournal runs the decoder on headers with the right checksums, cut from one input,
// followed by raw bytes.
func FuzzReadJournal(f *testing.F) {
	const id = "ID"
	for _, h := range headers() {
		h.id = id
		first := h.encode()
		h.epoch++
		f.Add(first, h.encode(), []byte{})
		f.Add(first, first, []byte{0, 7})
	}
	f.Fuzz(func(t *testing.T, first, second, rest []byte) {
		if len(first) > partfile.MaxPayload || len(second) > partfile.MaxPayload {
			return
		}
		data := partfile.AppendRecord(nil, id, 0, partfile.HeaderEntry(first))
		data = partfile.AppendRecord(data, id, 1, partfile.PartEntry(0, 1, 2))
		data = partfile.AppendRecord(data, id, 2, partfile.HeaderEntry(second))
		data = append(data, rest...)
		for _, data := range [][]byte{data, rest} {
			h, ok := readJournal(id, data)
			if !ok {
				continue
			}
			if h.header.id != id || h.header.spec.Validate() != nil || h.Bytes > int64(len(data)) ||
				h.Size != *h.header.spec.Size || h.PartSize != h.header.partSize {
				t.Errorf("%+v", h)
			}
			for n := range h.Parts {
				if n < 0 || n*h.PartSize >= h.Size {
					t.Errorf("part %d of %+v", n, h.header)
				}
			}
			again, ok := readJournal(id, data[:h.Bytes])
			if !ok || !reflect.DeepEqual(again, h) {
				t.Errorf("read again: %+v, first %+v", again, h)
			}
		}
	})
}

// A truncated journal at worst forgets parts. The data of the test is that of the time of the
// truncation: a part changes only after the entry that voids it was written.
func TestTornJournal(t *testing.T) {
	t.Parallel()
	f := newFixture(t, small, unsynced()).withTinyParts()
	content, other := noise(1, 4*tiny-100), noise(2, 4*tiny-100)
	spec := resumable("file", content)
	u := f.begin(spec)
	f.write(u, other, 0, 1)
	f.sync(u)
	data, journal := f.at(uploadsDirectory+"/"+u.ID()), f.at(uploadsDirectory+"/"+journalName(u.ID()))
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before := read(data)
	writer, err := u.Part(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	voided := len(read(journal))
	if _, err := writer.Write(cut(content, tiny, 1)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	f.detach(f.begin(spec))
	u = f.begin(spec)
	f.write(u, content, 2, 3)
	f.detach(u)
	after, log := read(data), read(journal)

	resumed := make(map[int]int) // how often each number of parts was left
	check := func(name string, data, log []byte) {
		t.Helper()
		g := fixture{T: t, directory: t.TempDir()}
		g.writeByHand(uploadsDirectory+"/"+u.ID(), string(data))
		g.writeByHand(uploadsDirectory+"/"+journalName(u.ID()), string(log))
		g = g.open(small, unsynced()).withTinyParts()
		again := g.begin(spec)
		parts := durable(again)
		for n, crc := range parts {
			if got := tranship.CRC32C(cut(data, tiny, n)); got != crc {
				t.Errorf("%s: part %d has CRC32C %08x, not %08x", name, n, got, crc)
			}
		}
		resumed[len(parts)]++
		g.finish(again, "file", content)
		if err := g.Store.Close(); err != nil {
			t.Error(err)
		}
	}
	for n := range log {
		then := before
		if n >= voided {
			then = after
		}
		check("cut", then, log[:n])
		flipped := []byte(string(log))
		flipped[n] ^= 1 << (n % 8)
		check("flipped", after, flipped)
	}
	check("whole", after, log)
	check("zeros behind", after, append([]byte(string(log)), make([]byte, 4096)...))
	check("cut data", after[:3*tiny], log)
	if resumed[4] < 2 || resumed[0] == 0 {
		t.Errorf("number of times that each number of parts was left: %v", resumed)
	}
}

func TestForeignFilesAmongUploadsAreRemoved(t *testing.T) {
	f := newFixture(t, small, unsynced()).withTinyParts()
	content := noise(1, 2*tiny)
	u := f.begin(resumable("file", content))
	f.write(u, content, 0)
	f.detach(u)
	lost := f.begin(resumable("lost", content))
	f.write(lost, content, 0)
	f.detach(lost)
	for _, name := range []string{"DATA", "x.journal", ".journal", u.ID() + ".journal.new", "a directory/"} {
		if strings.HasSuffix(name, "/") {
			if err := os.Mkdir(f.at(uploadsDirectory+"/"+name), 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		f.writeByHand(uploadsDirectory+"/"+name, "garbage")
	}
	f.symlink("/etc/passwd", uploadsDirectory+"/link.journal")
	if err := os.Remove(f.at(uploadsDirectory + "/" + lost.ID())); err != nil {
		t.Fatal(err)
	}
	f = f.reopen()
	if got := f.uploads(); len(got) != 2 {
		t.Errorf("left are %q", got)
	}
	f.finish(f.begin(resumable("file", content)), "file", content)
}
