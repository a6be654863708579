package s3

import (
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// FuzzDecode decodes attributes. Those that decode accepts must be valid, and the same after
// they were encoded again.
func FuzzDecode(f *testing.F) {
	f.Add("mode=644&time=1700000000.5&crc32c=1f&metadata.key=%C3%A9")
	f.Add(encode(tranship.File{ModTime: time.Unix(1, 2), Mode: 0o600, Metadata: map[string]string{"a": "1"}}, new("ann")))
	f.Add("time=.&mode=")
	f.Fuzz(func(t *testing.T, text string) {
		var found, again object
		if !found.decode(text) {
			return
		}
		file := found.file
		attributes := tranship.Attributes{ModTime: &file.ModTime, Mode: &file.Mode, Metadata: file.Metadata}
		if err := attributes.Validate(); err != nil {
			t.Fatalf("%q is decoded to %+v: %v", text, file, err)
		}
		if !again.decode(encode(file, found.account)) || again.file.Revision() != file.Revision() ||
			(again.account == nil) != (found.account == nil) || found.account != nil && *again.account != *found.account {
			t.Fatalf("%q is decoded to %+v, and then to %+v", text, file, again.file)
		}
	})
}

// FuzzSession parses the object of a session, which must not panic.
func FuzzSession(f *testing.F) {
	f.Add([]byte(`{"id":"x","path":"file","size":10,"part_size":4,"crcs":[1,2,3]}`))
	f.Add([]byte(`{"id":"x","path":"file","part_size":1,"crcs":[0,0]}`)) // more checksums than parts
	f.Add([]byte(`{"id":"x","path":"file","size":10,"part_size":8,"tail":{"name":"abcdefghijklmnopqrstuvwxyz2","length":3,"before":[{"name":"abcdefghijklmnopqrstuvwxyz3","length":2}]}}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if x, err := parseSession(data); err == nil {
			x.Tail.objects()
			x.made(&object{})
			x.clone()
			x.hash()
		}
	})
}

// FuzzStateVersion parses versions of values. One that is parsed must be made from what it has.
func FuzzStateVersion(f *testing.F) {
	f.Add("0 \"9a0364b9e99bb480dd25e1f0284c8555\"")
	f.Add("-zz \xff")
	f.Fuzz(func(t *testing.T, version string) {
		found, ok := parseVersion(version)
		if !ok {
			return
		}
		if again, ok := parseVersion(found.version()); !ok || again != found {
			t.Fatalf("%q is parsed to %+v, and then to %+v", version, found, again)
		}
	})
}
