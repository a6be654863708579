package wire_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// TestFarTime checks that a time that a message cannot have is omitted. Otherwise such a
// file, which a person may have put into the directory, would end a list.
func TestFarTime(t *testing.T) {
	for _, modified := range []time.Time{time.Unix(1<<40, 0), time.Unix(-1<<40, 0)} {
		file, err := wire.FileFromProto(wire.FileToProto(tranship.File{Path: "a", ModTime: modified}))
		if err != nil || !file.ModTime.IsZero() {
			t.Errorf("%v becomes %v: %v", modified, file.ModTime, err)
		}
	}
	now := time.Unix(1e9, 1000).UTC()
	if file, err := wire.FileFromProto(wire.FileToProto(tranship.File{Path: "a", ModTime: now})); err != nil || !file.ModTime.Equal(now) {
		t.Errorf("%v becomes %v: %v", now, file.ModTime, err)
	}
}

func TestUploadOrder(t *testing.T) {
	info := func(path, id string) tranship.UploadInfo { return tranship.UploadInfo{Path: path, ID: id} }
	for name, test := range map[string]struct {
		directory string
		infos     []tranship.UploadInfo
		good      bool
	}{
		"ascending":   {"d", []tranship.UploadInfo{info("d", "b"), info("d/a", "a"), info("d/a", "b")}, true},
		"twice":       {"", []tranship.UploadInfo{info("a", "x"), info("a", "x")}, false},
		"descending":  {"", []tranship.UploadInfo{info("b", "x"), info("a", "y")}, false},
		"elsewhere":   {"d", []tranship.UploadInfo{info("da", "x")}, false},
		"empty first": {"", []tranship.UploadInfo{info("a", "")}, true},
	} {
		order := wire.UploadOrder{Directory: test.directory}
		var err error
		for _, info := range test.infos {
			err = errors.Join(err, order.Check(info))
		}
		if (err == nil) != test.good || err != nil && !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%s: %v, want good %v", name, err, test.good)
		}
	}
}

// TestBegunParts checks that a file may have many parts only if the parts are large.
func TestBegunParts(t *testing.T) {
	for _, test := range []struct {
		size, partSize int64
		good           bool
	}{
		{1 << 50, 64 << 20, true}, {1 << 40, 1 << 20, false}, {1 << 30, 1 << 20, true}, {100, 1, true}, {0, 1, true}, {1 << 20, 8, false},
	} {
		err := wire.CheckBegun(&transhipv1.Begun{UploadId: "x", Epoch: 1, PartSize: test.partSize}, &test.size)
		if (err == nil) != test.good {
			t.Errorf("%d bytes in parts of %d: %v", test.size, test.partSize, err)
		}
	}
}

// TestModTimeUnit carries the unit of a modified time, and refuses one with which a client
// would treat different files as equal.
func TestModTimeUnit(t *testing.T) {
	for _, unit := range []time.Duration{0, time.Millisecond, tranship.MaxModTimeUnit} {
		p := wire.FileToProto(tranship.File{Path: "a", ModTimeUnit: unit})
		if file, err := wire.FileFromProto(p); err != nil || file.ModTimeUnit != unit || (p.ModifiedTimeUnit == nil) != (unit == 0) {
			t.Errorf("%s becomes %s: %v", unit, file.ModTimeUnit, err)
		}
	}
	for _, unit := range []*durationpb.Duration{
		durationpb.New(tranship.MaxModTimeUnit + 1), durationpb.New(-1), {Seconds: 1, Nanos: -1}, {Seconds: 1 << 62}, {Nanos: 2_000_000_000},
	} {
		if file, err := wire.FileFromProto(&transhipv1.File{Path: "a", ModifiedTimeUnit: unit}); !errors.Is(err, tranship.ErrIntegrity) {
			t.Errorf("%v becomes %s: %v", unit, file.ModTimeUnit, err)
		}
	}
}
