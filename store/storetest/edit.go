package storetest

import (
	"io/fs"
	"time"

	"github.com/tranship/tranship"
)

func editTests() []test {
	return []test{
		{"set attributes", setAttributes},
		{"set attributes of a missing file", setMissing},
		{"remove", removes},
	}
}

// setAttributes sets one attribute at a time. The others, the content and the version stay.
func setAttributes(f fixture) {
	data := content(1, 1000)
	want := f.putSpec(tranship.Spec{Path: "d/file", Attributes: tranship.Attributes{
		ModTime:  new(time.Date(2001, 2, 3, 4, 5, 6, 7000, time.UTC)),
		Mode:     new(fs.FileMode(0o600)),
		Metadata: map[string]string{"a": "1", "b": "2"},
	}}, data)
	crc := want.CRC32C
	for _, attributes := range []tranship.Attributes{
		{},
		{Mode: new(fs.FileMode(0o755))},
		{ModTime: new(time.Date(2010, 1, 2, 3, 4, 5, 6000, time.UTC))},
		{Metadata: map[string]string{"b": "3", "c": "4"}},
		{Mode: new(fs.FileMode(0)), ModTime: new(time.Unix(1, 0))},
		{Metadata: map[string]string{}}, // removes all
		{Metadata: map[string]string{"d": "5"}},
	} {
		want = attributes.Apply(want)
		got, err := f.store.SetAttributes(f.Context(), "d/file", attributes, tranship.Precondition{})
		if err != nil {
			f.Fatalf("SetAttributes: %v", err)
		}
		f.sameFile(got, want)
		f.sameFile(f.has("d/file", data), want)
		if crc != nil && got.CRC32C == nil {
			f.Fatalf("SetAttributes forgot the CRC32C")
		}
	}
	f.read("d/file", tranship.OpenOptions{Version: want.Version})
	f.lists(tranship.ListOptions{Recursive: true}, "d/file")
}

func setMissing(f fixture) {
	_, err := f.store.SetAttributes(f.Context(), "none", tranship.Attributes{Mode: new(tranship.DefaultMode)}, tranship.Precondition{})
	f.fails("SetAttributes of a missing file", err, tranship.ErrNotFound)
	f.isEmpty()
}

func removes(f fixture) {
	for _, path := range []string{"a", "d/e/f", "d/e/g", "h/i"} {
		f.put(path, []byte(path))
	}
	f.remove("d/e/f")
	f.absent("d/e/f")
	f.lists(tranship.ListOptions{Recursive: true}, "a", "d/e/g", "h/i")
	f.remove("h/i")
	f.lists(tranship.ListOptions{}, "a", "d/")
	f.remove("a")
	f.remove("d/e/g")
	f.absent("d/e/g")
	f.isEmpty()
	f.put("a", []byte("again"))
	f.has("a", []byte("again"))
}
