package storetest

import (
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

func attributeTests() []test {
	return []test{
		{"defaults", attributeDefaults},
		{"modes", attributeModes},
		{"times", attributeTimes},
		{"metadata", attributeMetadata},
		{"replaced with the content", attributesReplaced},
		{"invalid", invalidAttributes},
		{"upload keeps its own", uploadAttributes},
	}
}

// attributed makes a file with attributes in every way, and calls check for each.
func (f fixture) attributed(attributes tranship.Attributes, check func(file tranship.File)) {
	f.Helper()
	data := []byte("data")
	file := f.putSpec(tranship.Spec{Path: "put", Attributes: attributes}, data)
	check(file)
	f.sameFile(f.has("put", data), file)

	file = f.upload(tranship.Spec{Path: "uploaded", Attributes: attributes}, data)
	check(file)
	f.sameFile(f.has("uploaded", data), file)

	f.put("set", data)
	file, err := f.store.SetAttributes(f.Context(), "set", attributes, tranship.Precondition{})
	if err != nil {
		f.Fatalf("SetAttributes(%+v): %v", attributes, err)
	}
	check(file)
	f.sameFile(f.has("set", data), file)

	for entry, err := range f.store.List(f.Context(), tranship.ListOptions{}) {
		if err != nil {
			f.Fatalf("List: %v", err)
		}
		check(entry.File)
	}
}

func attributeDefaults(f fixture) {
	// The store's clock may differ from that of the test, and be coarser.
	const tolerance = time.Minute
	before := time.Now().Add(-tolerance)
	f.attributed(tranship.Attributes{}, func(file tranship.File) {
		after := time.Now().Add(tolerance)
		if file.ModTime.Before(before) || file.ModTime.After(after) {
			f.Errorf("modified time of %q is %v, want about %v", file.Path, file.ModTime, time.Now())
		}
		if file.Mode != tranship.DefaultMode {
			f.Errorf("mode of %q is %o, want %o", file.Path, file.Mode, tranship.DefaultMode)
		}
		if len(file.Metadata) != 0 {
			f.Errorf("metadata of %q is %v, want none", file.Path, file.Metadata)
		}
	})
}

// attributeModes has modes that forbid the owner to read or write: they describe
// the file at its source and do not govern the store.
func attributeModes(f fixture) {
	for _, mode := range []fs.FileMode{0o777, 0o600, 0o444, 0o200, 0o111, 0} {
		f.attributed(tranship.Attributes{Mode: &mode}, func(file tranship.File) {
			if file.Mode != mode {
				f.Errorf("mode of %q is %o, want %o", file.Path, file.Mode, mode)
			}
		})
	}
}

func attributeTimes(f fixture) {
	for _, modified := range []time.Time{
		time.Date(2001, 2, 3, 4, 5, 6, 789_012_345, time.UTC),
		time.Date(2020, 7, 1, 12, 0, 0, 999_999_999, time.FixedZone("east", 5*60*60)),
		time.Date(1980, 1, 1, 0, 0, 0, 1_000, time.UTC),
		time.Unix(0, 0),
		time.Unix(-2, 250_000_000), // before 1970, and not a whole second
		time.Now().Add(24 * time.Hour),
	} {
		f.attributed(tranship.Attributes{ModTime: &modified}, func(file tranship.File) {
			if !sameTime(file.ModTime, modified) {
				f.Errorf("modified time of %q is %v, want %v", file.Path, file.ModTime, modified)
			}
		})
	}
}

func attributeMetadata(f fixture) {
	many := make(map[string]string)
	for i := range tranship.MaxMetadataEntries - 1 {
		many[fmt.Sprintf("key-%02d", i)] = strings.Repeat("v", 14) // 20 bytes each
	}
	many["rest"] = strings.Repeat("r", tranship.MaxMetadataBytes-20*len(many)-len("rest"))
	longKey := strings.Repeat("k", tranship.MaxMetadataKeyBytes)
	for _, metadata := range []map[string]string{
		{"key": "value"},
		{"a": "", "0": "digit", "a.b-c_d": "punctuation", longKey: "long"},
		{"text": " spaces, \"quotes\", \\, \n newline, \u0085, 日本語, 😀, \u202e, % & = ; "},
		{"most": strings.Repeat("m", tranship.MaxMetadataBytes-len("most"))},
		{"control": strings.Repeat("\x01", tranship.MaxMetadataBytes-len("control"))},
		many,
	} {
		f.attributed(tranship.Attributes{Metadata: metadata}, func(file tranship.File) {
			if !maps.Equal(file.Metadata, metadata) {
				f.Errorf("metadata of %q is %q, want %q", file.Path, file.Metadata, metadata)
			}
		})
	}
}

// attributesReplaced checks that a new file inherits no attribute of the file that it
// replaces.
func attributesReplaced(f fixture) {
	attributes := tranship.Attributes{
		ModTime:  new(time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)),
		Mode:     new(fs.FileMode(0o600)),
		Metadata: map[string]string{"key": "value"},
	}
	replace := map[string]func() tranship.File{
		"put":    func() tranship.File { return f.put("file", []byte("new")) },
		"upload": func() tranship.File { return f.upload(tranship.Spec{Path: "file"}, []byte("new")) },
	}
	for name, replace := range replace {
		f.putSpec(tranship.Spec{Path: "file", Attributes: attributes}, []byte("old"))
		file := replace()
		if file.Mode != tranship.DefaultMode || file.ModTime.Year() == 2001 || len(file.Metadata) != 0 {
			f.Errorf("%s kept attributes of the file it replaced: %+v", name, file)
		}
		f.sameFile(f.has("file", []byte("new")), file)
	}
}

func invalidAttributes(f fixture) {
	kept := f.put("kept", []byte("kept"))
	for name, attributes := range map[string]tranship.Attributes{
		"mode with a type":      {Mode: new(fs.ModeDir | 0o755)},
		"mode with setuid":      {Mode: new(fs.ModeSetuid | 0o755)},
		"mode of POSIX setuid":  {Mode: new(fs.FileMode(0o4755))},
		"empty key":             {Metadata: map[string]string{"": "value"}},
		"upper-case key":        {Metadata: map[string]string{"Key": "value"}},
		"key with a space":      {Metadata: map[string]string{"a key": "value"}},
		"key that is not ASCII": {Metadata: map[string]string{"ключ": "value"}},
		"key too long":          {Metadata: map[string]string{strings.Repeat("k", tranship.MaxMetadataKeyBytes+1): ""}},
		"value with NUL":        {Metadata: map[string]string{"key": "a\x00b"}},
		"value not UTF-8":       {Metadata: map[string]string{"key": "\xff"}},
		"value too long":        {Metadata: map[string]string{"key": strings.Repeat("v", tranship.MaxMetadataBytes-2)}},
		"too much together": {Metadata: map[string]string{
			"a": strings.Repeat("v", tranship.MaxMetadataBytes/2), "b": strings.Repeat("v", tranship.MaxMetadataBytes/2),
		}},
	} {
		_, err := f.store.Put(f.Context(), tranship.Spec{Path: "new", Attributes: attributes}, []byte("new"))
		f.invalid("Put: "+name, err)
		_, err = f.store.Begin(f.Context(), tranship.Spec{Path: "new", Attributes: attributes})
		f.invalid("Begin: "+name, err)
		_, err = f.store.SetAttributes(f.Context(), "kept", attributes, tranship.Precondition{})
		f.invalid("SetAttributes: "+name, err)
	}
	f.lists(tranship.ListOptions{}, "kept")
	f.sameFile(f.has("kept", []byte("kept")), kept)
}

// uploadAttributes changes the memory that a spec points to during the upload.
func uploadAttributes(f fixture) {
	size, mode, modified := int64(4), fs.FileMode(0o640), time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	metadata := map[string]string{"key": "value"}
	upload := f.begin(tranship.Spec{Path: "file", Size: &size, Attributes: tranship.Attributes{
		ModTime: &modified, Mode: &mode, Metadata: metadata,
	}})
	size, mode, modified = 1, 0o777, time.Now()
	metadata["key"] = "changed"

	f.writePart(upload, 0, []byte("data"))
	file := f.commit(upload, []byte("data"))
	if file.Mode != 0o640 || file.ModTime.Year() != 2001 || file.Metadata["key"] != "value" {
		f.Errorf("the upload has attributes from after it began: %+v", file)
	}
	f.sameFile(f.has("file", []byte("data")), file)
}
