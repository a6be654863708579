package transfer

import (
	"slices"
	"testing"
)

// The numbers of progress are right at any moment, also after a resume.
func TestProgressOfResume(t *testing.T) {
	name, _ := largeFile(t)
	store := newCutting(-1)
	interrupted(t, store, name)
	progress := &Progress{}
	var begun, ended, resumed int
	skipped := int64(0)
	store.commit = func() error {
		files := progress.InFlight()
		if len(files) != 1 {
			t.Fatalf("in flight are %+v", files)
		}
		file := files[0]
		if file.Source != name || file.Path != "copy" || file.Size != largeBytes || file.Attempt != 1 || file.Waiting ||
			file.There() != largeBytes || file.Read != largeBytes || file.Skipped != skipped {
			t.Errorf("before commit: %+v", file)
		}
		if count := progress.Count(); count.BytesDone != largeBytes || count.FilesDone != 0 || count.Bytes != largeBytes || !count.Final {
			t.Errorf("before commit: %+v", count)
		}
		return nil
	}
	err := Copy(t.Context(), store, localItem(t, name), Options{Progress: progress, Events: func(e Event) {
		switch e.Kind {
		case EventBegin:
			begun++
		case EventEnd:
			ended++
		case EventResume:
			resumed++
			skipped = e.Bytes
			if count := progress.Count(); count.Skipped != skipped || count.Durable < skipped || skipped%partBytes != 0 {
				t.Errorf("resumed with %d bytes: %+v", skipped, count)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	count := progress.Count()
	want := Moved{Read: largeBytes, Received: largeBytes - skipped, Skipped: skipped, Durable: largeBytes}
	if count.Moved != want || count.FilesDone != 1 || len(progress.InFlight()) != 0 {
		t.Errorf("in the end: %+v, want %+v", count, want)
	}
	if begun != 1 || ended != 1 || resumed != 1 || skipped == 0 {
		t.Errorf("%d begun, %d ended, %d resumed with %d bytes", begun, ended, resumed, skipped)
	}
}

// A file that was skipped at first sight, and one that was copied inside, count as
// there before.
func TestProgressOfSkipped(t *testing.T) {
	source := newFaulty()
	fill(t, source, map[string]int{"a": 7})
	file, err := source.Stat(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	progress := &Progress{}
	items := func(yield func(Item, error) bool) {
		_ = yield(Item{Source: source, SourcePath: "a", Path: "a", File: file}, nil) &&
			yield(Item{Source: source, SourcePath: "a", Path: "b", File: file, Inside: true}, nil)
	}
	if err := Copy(t.Context(), source, items, Options{Progress: progress, Existing: source.Stat}); err != nil {
		t.Fatal(err)
	}
	if got, want := progress.Count().Moved, (Moved{Skipped: 14, Durable: 14}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestFilesInFlight ends files in another order than they began, and checks which are in flight.
func TestFilesInFlight(t *testing.T) {
	progress := &Progress{}
	files := map[string]*fileProgress{}
	begin := func(path string) { files[path] = progress.file(Item{Path: path}) }
	expect := func(want ...string) {
		t.Helper()
		var got []string
		for _, file := range progress.InFlight() {
			got = append(got, file.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q are in flight, want %q", got, want)
		}
	}
	for _, path := range []string{"a", "b", "c", "d"} {
		begin(path)
	}
	for _, step := range []struct {
		ends string
		left []string
	}{{"b", []string{"a", "c", "d"}}, {"a", []string{"c", "d"}}, {"d", []string{"c"}}, {"c", nil}} {
		progress.end(files[step.ends])
		expect(step.left...)
	}
	begin("e")
	expect("e")
	progress.end(files["e"])
	expect()
	if got := progress.Count().FilesDone; got != 5 {
		t.Errorf("%d files are done", got)
	}
}
