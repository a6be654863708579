package tranship_test

import (
	"io/fs"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

func TestRevision(t *testing.T) {
	file := tranship.File{
		Path: "a", Size: 1, ModTime: time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC), Mode: 0o644, Version: "v",
		CRC32C: new(uint32(1)), Metadata: map[string]string{"a": "b", "c": "d"},
	}
	revision := file.Revision()
	for name, change := range map[string]func(*tranship.File){
		"path":     func(f *tranship.File) { f.Path = "b" },
		"checksum": func(f *tranship.File) { f.CRC32C = nil },
		"zone":     func(f *tranship.File) { f.ModTime = f.ModTime.In(time.FixedZone("", 3600)) },
		"map":      func(f *tranship.File) { f.Metadata = map[string]string{"c": "d", "a": "b"} },
	} {
		same := file
		change(&same)
		if got := same.Revision(); got != revision {
			t.Errorf("another %s makes revision %s of %s", name, got, revision)
		}
	}
	seen := map[string]string{revision: "the file"}
	for name, change := range map[string]func(*tranship.File){
		"version":        func(f *tranship.File) { f.Version = "w" },
		"nanosecond":     func(f *tranship.File) { f.ModTime = f.ModTime.Add(1) },
		"no time":        func(f *tranship.File) { f.ModTime = time.Time{} },
		"mode":           func(f *tranship.File) { f.Mode = 0o600 },
		"no metadata":    func(f *tranship.File) { f.Metadata = nil },
		"value":          func(f *tranship.File) { f.Metadata = map[string]string{"a": "b", "c": "e"} },
		"moved boundary": func(f *tranship.File) { f.Metadata = map[string]string{"a": "bc", "": "d"} },
		"one entry":      func(f *tranship.File) { f.Metadata = map[string]string{"a": "bcd"} },
	} {
		other := file
		change(&other)
		got := other.Revision()
		if before, ok := seen[got]; ok {
			t.Errorf("%s has the revision of %s", name, before)
		}
		if seen[got] = name; len(got) > 128 || strings.ContainsAny(got, " \n") {
			t.Errorf("revision %q", got)
		}
	}
}

// TestRevisionOfFarTimes checks that a time that messages cannot carry has the revision of
// the zero time.
func TestRevisionOfFarTimes(t *testing.T) {
	none := tranship.File{Version: "v"}.Revision()
	for _, modified := range []time.Time{
		time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 0), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC),
	} {
		if got := (tranship.File{Version: "v", ModTime: modified}).Revision(); got != none {
			t.Errorf("%v has revision %s, want %s, that of the zero time", modified, got, none)
		}
		if err := (tranship.Attributes{ModTime: &modified}).Validate(); err == nil {
			t.Errorf("%v is valid", modified)
		}
	}
	for _, year := range []int{1, 1500, 2263, 9999} {
		modified := time.Date(year, 1, 1, 0, 0, 0, 1, time.UTC)
		if got := (tranship.File{Version: "v", ModTime: modified}).Revision(); got == none {
			t.Errorf("%v has the revision of the zero time", modified)
		}
		if err := (tranship.Attributes{ModTime: &modified}).Validate(); err != nil {
			t.Errorf("%v is not valid: %v", modified, err)
		}
	}
}

func TestOverride(t *testing.T) {
	mode, modified := fs.FileMode(0o600), time.Unix(1, 0)
	all := tranship.Attributes{ModTime: &modified, Mode: &mode, Metadata: map[string]string{"a": "b"}}
	if got := all.Override(tranship.Attributes{}); got.ModTime != all.ModTime || got.Mode != all.Mode || got.Metadata["a"] != "b" {
		t.Errorf("overriding all attributes with none: %+v", got)
	}
	if got := (tranship.Attributes{}).Override(all); got.ModTime != all.ModTime || got.Mode != all.Mode || got.Metadata["a"] != "b" {
		t.Errorf("overriding no attributes with all: %+v", got)
	}
	got := all.Override(tranship.Attributes{Metadata: map[string]string{}})
	if got.Mode != all.Mode || got.Metadata == nil || len(got.Metadata) != 0 {
		t.Errorf("overriding metadata with empty metadata: %+v", got)
	}
}
