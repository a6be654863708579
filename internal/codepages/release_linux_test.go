package codepages

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"reflect"
	"testing"
)

// resident returns how many KiB of files are in the memory of this process.
func resident(t *testing.T) (size int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("RssFile:"))
	if _, err := fmt.Sscan(string(rest), &size); err != nil {
		t.Fatal(err)
	}
	return size
}

// touch brings all pages of this program into memory.
func touch(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = memory.Close() }()
	for _, m := range program(parse(content), uint64(reflect.ValueOf(release).Pointer())) {
		if _, err := io.Copy(io.Discard, io.NewSectionReader(memory, int64(m.from), int64(m.to-m.from))); err != nil {
			t.Fatal(err)
		}
	}
}

// A program has less in memory after Release, and continues.
func TestRelease(t *testing.T) {
	touch(t)
	before := resident(t)
	if err := Release(); err != nil {
		t.Fatal(err)
	}
	if after := resident(t); after > before*19/20 {
		t.Errorf("%d KiB of files in memory, and %d before", after, before)
	}
}

const smaps = `00400000-01479000 r-xp 00000000 fd:00 77 /bin/program
Size:              16868 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
01479000-02000000 r--p 01079000 fd:00 77 /bin/program (deleted)
Anonymous:             0 kB
02000000-0260d000 r--p 01c00000 fd:00 77 /bin/program
Anonymous:             4 kB
0260d000-026ca000 rw-p 0220d000 fd:00 77 /bin/program
Anonymous:             0 kB
026ca000-04934000 rw-p 00000000 00:00 0
Anonymous:           100 kB
c000000000-c004000000 rw-p 00000000 00:00 0
Anonymous:          3788 kB
7f0000000000-7f0000001000 r--p 00000000 fd:01 77 /bin/other
Anonymous:             0 kB
7f0000001000-7f0000002000 r--s 00000000 fd:00 77 /bin/program
Anonymous:             0 kB
7f0000002000-7f0000003000 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
`

// Only what the system can read again is released: pages of the program itself that were not written.
func TestProgram(t *testing.T) {
	mappings := parse([]byte(smaps))
	if len(mappings) != 9 {
		t.Fatalf("%d mappings", len(mappings))
	}
	for _, test := range []struct {
		code uint64
		want string
	}{
		{0x401000, "400000-1479000 1479000-2000000 "},
		{0x2000001, "400000-1479000 1479000-2000000 "},
		{0x1000, ""},       // of no mapping
		{0xc000000001, ""}, // of no file
		{0x7f0000000000, "7f0000000000-7f0000001000 "}, // of the same inode on another device
	} {
		got := ""
		for _, m := range program(mappings, test.code) {
			got += fmt.Sprintf("%x-%x ", m.from, m.to)
		}
		if got != test.want {
			t.Errorf("code at %x: %q, want %q", test.code, got, test.want)
		}
	}
	if got := parse([]byte("Anonymous: 1 kB\n00400000-01479000 r-xp 00000000 fd:00 77 /bin/a\nAnonymous: many\nx")); len(got) != 0 {
		t.Errorf("nonsense became %v", got)
	}
}
