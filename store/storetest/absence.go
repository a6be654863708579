package storetest

import (
	"maps"
	"slices"

	"github.com/tranship/tranship"
)

// absenceTests are about the words of ErrNotFound. A guard must be able to hide a file from
// a caller in the same words that the store uses for a missing file.
func absenceTests() []test {
	return []test{
		{"of a file", absentFile},
		{"of an upload", absentUpload},
	}
}

// absentFile asks for files below nothing, below a file, and for a directory.
func absentFile(f fixture) {
	f.put("a/file", []byte("content"))
	upload := f.begin(tranship.Spec{Path: "new", Size: new(int64(4))})
	for _, path := range []string{"none", "a/none", "no/such/file", "a", "a/file/below"} {
		calls := map[string]func(precondition tranship.Precondition) error{
			"Stat": func(tranship.Precondition) error {
				_, err := f.store.Stat(f.Context(), path)
				return err
			},
			"Open": func(precondition tranship.Precondition) error {
				_, err := f.store.Open(f.Context(), path, tranship.OpenOptions{Version: precondition.MustMatchVersion, Offset: -1})
				return err
			},
			"SetAttributes": func(precondition tranship.Precondition) error {
				_, err := f.store.SetAttributes(f.Context(), path, tranship.Attributes{}, precondition)
				return err
			},
			"Remove": func(precondition tranship.Precondition) error {
				return f.store.Remove(f.Context(), path, precondition)
			},
			"Move": func(precondition tranship.Precondition) error {
				_, err := f.store.Move(f.Context(), path, "a/file", precondition)
				return err
			},
			"Copy": func(precondition tranship.Precondition) error {
				_, err := f.store.Copy(f.Context(), path, "a/file", precondition)
				return err
			},
			"CopyPart": func(precondition tranship.Precondition) error {
				return upload.CopyPart(f.Context(), 0, path, tranship.OpenOptions{Version: precondition.MustMatchVersion})
			},
		}
		dropLacking(f, calls)
		for _, name := range slices.Sorted(maps.Keys(calls)) {
			for _, precondition := range []tranship.Precondition{{}, mustNotExist(), mustMatch("no-such")} {
				f.saysAbsent(name+" of "+path, calls[name](precondition), "not found: "+path)
			}
		}
	}
}

func absentUpload(f fixture) {
	for _, id := range []string{"", "no-such", "../../file"} {
		f.saysAbsent("AbortUpload", f.store.AbortUpload(f.Context(), id), "not found: there is no unfinished upload "+id)
	}
}

func (f fixture) saysAbsent(what string, err error, message string) {
	f.Helper()
	f.fails(what, err, tranship.ErrNotFound)
	if err.Error() != message {
		f.Errorf("%s is %q, want %q", what, err, message)
	}
}
