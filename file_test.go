package tranship_test

import (
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

func TestAttributesValidate(t *testing.T) {
	full := map[string]string{"key": strings.Repeat("v", tranship.MaxMetadataBytes-3)}
	for _, test := range []struct {
		name       string
		attributes tranship.Attributes
		field      string
		rule       string
	}{
		{"none", tranship.Attributes{}, "", ""},
		{"mode 0", tranship.Attributes{Mode: new(fs.FileMode(0))}, "", ""},
		{"mode 0777", tranship.Attributes{Mode: new(fs.FileMode(0o777))}, "", ""},
		{"any time", tranship.Attributes{ModTime: new(time.Time{})}, "", ""},
		{"empty metadata", tranship.Attributes{Metadata: map[string]string{}}, "", ""},
		{"every byte of a key", tranship.Attributes{Metadata: map[string]string{"abcdefghijklmnopqrstuvwxyz0123456789-_.": ""}}, "", ""},
		{"longest key", tranship.Attributes{Metadata: map[string]string{strings.Repeat("k", 128): ""}}, "", ""},
		{"any text", tranship.Attributes{Metadata: map[string]string{"k": "\n\x01\u0085日本語😀"}}, "", ""},
		{"full", tranship.Attributes{Metadata: full}, "", ""},

		{"setuid", tranship.Attributes{Mode: new(fs.ModeSetuid | 0o755)}, "attributes.mode", "0777"},
		{"directory", tranship.Attributes{Mode: new(fs.ModeDir | 0o755)}, "attributes.mode", "0777"},
		{"POSIX setuid", tranship.Attributes{Mode: new(fs.FileMode(0o4755))}, "attributes.mode", "0777"},
		{"empty key", tranship.Attributes{Metadata: map[string]string{"": ""}}, "attributes.metadata", "128"},
		{"long key", tranship.Attributes{Metadata: map[string]string{strings.Repeat("k", 129): ""}}, "attributes.metadata", "128"},
		{"upper case", tranship.Attributes{Metadata: map[string]string{"Key": ""}}, "attributes.metadata", "a-z"},
		{"bad in the middle", tranship.Attributes{Metadata: map[string]string{"key:key": ""}}, "attributes.metadata", "a-z"},
		{"space in the middle", tranship.Attributes{Metadata: map[string]string{"a key": ""}}, "attributes.metadata", "a-z"},
		{"not ASCII", tranship.Attributes{Metadata: map[string]string{"ключ": ""}}, "attributes.metadata", "a-z"},
		{"NUL", tranship.Attributes{Metadata: map[string]string{"k": "a\x00"}}, "attributes.metadata", "NUL"},
		{"not UTF-8", tranship.Attributes{Metadata: map[string]string{"k": "\xff"}}, "attributes.metadata", "UTF-8"},
		{"one too many", tranship.Attributes{Metadata: map[string]string{"keyy": full["key"]}}, "attributes.metadata", "2048"},
	} {
		checkInvalid(t, test.name, test.attributes.Validate(), test.field, test.rule)
	}
}

func TestAttributesValidateTotal(t *testing.T) {
	metadata := make(map[string]string)
	for i := range 64 {
		metadata[fmt.Sprintf("%016d", i)] = "1234567812345678"
	}
	checkInvalid(t, "2048 bytes together", tranship.Attributes{Metadata: metadata}.Validate(), "", "")
	metadata["0000000000000000"] += "9"
	checkInvalid(t, "2049 bytes together", tranship.Attributes{Metadata: metadata}.Validate(), "attributes.metadata", "2048")
	metadata["0000000000000000"] = ""
	metadata["more"] = ""
	checkInvalid(t, "65 entries", tranship.Attributes{Metadata: metadata}.Validate(), "attributes.metadata", "64")
}

func TestAttributesApply(t *testing.T) {
	file := tranship.File{
		Path: "a", Size: 1, ModTime: time.Unix(1, 0), Mode: 0o644, Version: "v", CRC32C: new(uint32(2)),
		Metadata: map[string]string{"old": "1"},
	}
	with := func(change func(*tranship.File)) tranship.File {
		changed := file
		change(&changed)
		return changed
	}
	for _, test := range []struct {
		name       string
		attributes tranship.Attributes
		want       tranship.File
	}{
		{"nothing", tranship.Attributes{}, file},
		{"time", tranship.Attributes{ModTime: new(time.Unix(5, 6))}, with(func(f *tranship.File) { f.ModTime = time.Unix(5, 6) })},
		{"zero time", tranship.Attributes{ModTime: new(time.Time{})}, with(func(f *tranship.File) { f.ModTime = time.Time{} })},
		{"mode", tranship.Attributes{Mode: new(fs.FileMode(0))}, with(func(f *tranship.File) { f.Mode = 0 })},
		{"metadata", tranship.Attributes{Metadata: map[string]string{"new": "2"}}, with(func(f *tranship.File) { f.Metadata = map[string]string{"new": "2"} })},
		{"no metadata", tranship.Attributes{Metadata: map[string]string{}}, with(func(f *tranship.File) { f.Metadata = nil })},
	} {
		if got := test.attributes.Apply(file); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestAttributesApplySharesNoMemory(t *testing.T) {
	file := tranship.File{Metadata: map[string]string{"old": "1"}, CRC32C: new(uint32(2))}
	kept := tranship.Attributes{}.Apply(file)
	kept.Metadata["old"] = "changed"
	*kept.CRC32C = 3
	if file.Metadata["old"] != "1" {
		t.Error("changing the result's metadata changed the file's")
	}
	if *file.CRC32C != 2 {
		t.Error("changing the result's CRC32C changed the file's")
	}

	attributes := tranship.Attributes{Metadata: map[string]string{"new": "1"}}
	set := attributes.Apply(file)
	set.Metadata["new"] = "changed"
	if attributes.Metadata["new"] != "1" {
		t.Error("changing the result's metadata changed the attributes'")
	}
}

func TestEntryKey(t *testing.T) {
	file := tranship.Entry{File: tranship.File{Path: "a/b"}}
	directory := tranship.Entry{File: tranship.File{Path: "a/b"}, IsDir: true}
	if file.Key() != "a/b" || directory.Key() != "a/b/" {
		t.Errorf("keys are %q and %q, want a/b and a/b/", file.Key(), directory.Key())
	}
}
