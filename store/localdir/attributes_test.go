package localdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// TestCommitAttributes sets at commit what the spec leaves out, or has otherwise.
func TestCommitAttributes(t *testing.T) {
	directory := t.TempDir()
	dir, err := Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	upload, err := dir.Begin(t.Context(), tranship.Spec{Path: "a", Attributes: tranship.Attributes{Mode: new(fs.FileMode(0o644))}})
	if err != nil {
		t.Fatal(err)
	}
	modified := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	if _, err := upload.Commit(t.Context(), tranship.Commit{Attributes: tranship.Attributes{Mode: new(fs.FileMode(0o600)), ModTime: &modified}}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(directory, "a"))
	if err != nil || !info.ModTime().Equal(modified) || info.Mode() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
}

// TestDemandedChecksum puts and commits what has another checksum than the spec.
func TestDemandedChecksum(t *testing.T) {
	directory := t.TempDir()
	dir, err := Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	spec := tranship.Spec{Path: "a", CRC32C: new(uint32(1))}
	if _, err := dir.Put(t.Context(), spec, []byte("data")); !errors.Is(err, tranship.ErrIntegrity) {
		t.Errorf("Put is %v", err)
	}
	upload, err := dir.Begin(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Commit(t.Context(), tranship.Commit{}); !errors.Is(err, tranship.ErrIntegrity) {
		t.Errorf("Commit is %v", err)
	}
	if err := upload.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(directory); err != nil || len(entries) > 0 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
}

// TestNoRevisions refuses a condition that a directory of this machine cannot decide.
func TestNoRevisions(t *testing.T) {
	dir, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	spec := tranship.Spec{Path: "a", Precondition: tranship.Precondition{MustMatchRevision: "r"}}
	if _, err := dir.Put(t.Context(), spec, nil); !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("Put is %v", err)
	}
	if _, err := dir.Begin(t.Context(), spec); !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("Begin is %v", err)
	}
}

// changedTime is a file whose file system has changed its time.
type changedTime struct {
	fs.FileInfo
	modified time.Time
}

func (c changedTime) ModTime() time.Time { return c.modified }

func TestChangedTime(t *testing.T) {
	wanted := time.Date(1890, 1, 1, 0, 0, 0, 0, time.UTC)
	changed := changedTime{modified: time.Date(1901, 12, 13, 20, 45, 52, 0, time.UTC)}
	if err := checkTime(changed, &wanted, true); !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("a time that was changed is %v", err)
	}
	if err := checkTime(changed, &wanted, false); err != nil {
		t.Errorf("a time that could not be set is %v", err)
	}
	if err := checkTime(changedTime{modified: wanted.Add(time.Second)}, &wanted, true); err != nil {
		t.Errorf("a time that was rounded is %v", err)
	}
}
