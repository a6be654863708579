package disk

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// Putting a file over empty directories uses few descriptors and reads no more than it must, no
// matter what is below. The same holds for counting the files of accounts.
func TestPutOverDirectoriesIsBounded(t *testing.T) {
	descriptors := func() int {
		t.Helper()
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(open)
	}
	read, most := 0, 0
	system := realSystem()
	system.entries = func(dir *rootfs.Dir, _ string, each func(rootfs.Entry) bool) error {
		most = max(most, descriptors())
		return dir.Entries(func(entry rootfs.Entry) bool {
			read++
			return each(entry)
		})
	}
	f := newFixture(t, Options{Durability: tranship.DurabilityWritten}, system)
	deep := strings.Repeat("/d", 200)
	f.put("deep"+deep+"/file", "")
	for i := range 500 {
		f.writeByHand(fmt.Sprintf("many/%d", i), "")
	}
	for path, entries := range map[string]int{"deep": 2*200 + 1, "many": 1} {
		read, most = 0, 0
		before := descriptors()
		_, err := f.Put(t.Context(), tranship.Spec{Path: path}, nil)
		f.fails("Put", err, tranship.ErrExists)
		_, err = f.Begin(t.Context(), tranship.Spec{Path: path})
		f.fails("Begin", err, tranship.ErrExists)
		if read > 2*entries || most-before > 2*maxOpenDirs+10 {
			t.Errorf("%s: %d entries and %d descriptors", path, read, most-before)
		}
	}

	most = 0
	before, files := descriptors(), 0
	for _, err := range f.Accounts(t.Context()) {
		if files++; err != nil {
			t.Error(err)
		}
	}
	if files != 501 || most-before > 2*maxOpenDirs+10 {
		t.Errorf("%d files are counted with %d descriptors", files, most-before)
	}

	if err := os.Remove(f.at("deep" + deep + "/file")); err != nil {
		t.Fatal(err)
	}
	most, before = 0, descriptors()
	f.put("deep", "now a file")
	if most-before > 2*maxOpenDirs+10 {
		t.Errorf("directories were removed with %d descriptors", most-before)
	}
}
