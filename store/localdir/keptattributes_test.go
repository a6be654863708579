package localdir

import (
	"io/fs"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// TestKeptAttributes checks which file shows that its directory keeps attributes, and what is then
// known of another file.
func TestKeptAttributes(t *testing.T) {
	fine := time.Date(2024, 2, 29, 12, 34, 56, 789012345, time.UTC)
	coarse := fine.Truncate(finest)
	given := func(mode fs.FileMode, modified time.Time) tranship.Attributes {
		return tranship.Attributes{Mode: &mode, ModTime: &modified}
	}
	whole := rootfs.Status{Mode: 0o640, ModTime: fine}
	for what, test := range map[string]struct {
		given tranship.Attributes
		found rootfs.Status
		want  bool
	}{
		"kept":              {given(0o640, fine), whole, true},
		"no mode":           {tranship.Attributes{ModTime: &fine}, whole, false},
		"no time":           {tranship.Attributes{Mode: new(fs.FileMode(0o640))}, whole, false},
		"a mask":            {given(0o644, fine), whole, false},
		"a mode to be set":  {given(0o666, fine), rootfs.Status{Mode: 0o666, ModTime: fine}, false},
		"a rounded time":    {given(0o640, fine), rootfs.Status{Mode: 0o640, ModTime: coarse}, false},
		"a time that fits":  {given(0o640, coarse), rootfs.Status{Mode: 0o640, ModTime: coarse}, false},
		"no time was taken": {given(0o640, fine), rootfs.Status{Mode: 0o640, ModTime: fine.Add(time.Hour)}, false},
	} {
		kept := keptOf(test.given, test.found)
		if (kept != nil) != test.want {
			t.Errorf("%s: %+v", what, kept)
		}
	}
	kept := keptOf(given(0o640, fine), whole)
	if status, ok := kept.status(given(0o640, coarse), 3); !ok || status.Size != 3 || status.Mode != 0o640 || !status.ModTime.Equal(coarse) {
		t.Errorf("another file: %+v, %v", status, ok)
	}
	var unknown *keptAttributes
	for what, attributes := range map[string]tranship.Attributes{
		"another mode": given(0o644, fine), "no mode": {ModTime: &fine}, "no time": {Mode: new(fs.FileMode(0o640))},
	} {
		if status, ok := kept.status(attributes, 3); ok {
			t.Errorf("%s: %+v", what, status)
		}
	}
	if _, ok := unknown.status(given(0o640, fine), 3); ok {
		t.Error("a file is known before any was described")
	}
}
