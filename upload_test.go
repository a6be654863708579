package tranship_test

import (
	"io/fs"
	"math"
	"strings"
	"testing"

	"github.com/tranship/tranship"
)

func TestSpecValidate(t *testing.T) {
	for _, test := range []struct {
		name  string
		spec  tranship.Spec
		field string
		rule  string
	}{
		{"path alone", tranship.Spec{Path: "a"}, "", ""},
		{"size 0", tranship.Spec{Path: "a", Size: new(int64(0))}, "", ""},
		{"largest size", tranship.Spec{Path: "a", Size: new(int64(math.MaxInt64))}, "", ""},
		{"durable", tranship.Spec{Path: "a", Durability: tranship.DurabilityDurable}, "", ""},
		{"resume key", keyed(1, "k"), "", ""},
		{"resume key of an empty file", keyed(0, "k"), "", ""},
		{"longest resume key", keyed(1, strings.Repeat("k", tranship.MaxResumeKeyBytes)), "", ""},
		{"longest owner", tranship.Spec{Path: "a", Owner: strings.Repeat("o", tranship.MaxOwnerBytes)}, "", ""},
		{"resume key of any characters", keyed(1, "\x00../日本語\n"), "", ""},

		{"nothing", tranship.Spec{}, "path", "empty"},
		{"negative size", tranship.Spec{Path: "a", Size: new(int64(-1))}, "size", "negative"},
		{"resume key too long", keyed(1, strings.Repeat("k", tranship.MaxResumeKeyBytes+1)), "resume_key", "at most 256 bytes"},
		{"resume key too long in bytes", keyed(1, strings.Repeat("é", tranship.MaxResumeKeyBytes/2+1)), "resume_key", "at most 256 bytes"},
		{"resume key not UTF-8", keyed(1, "a\xff"), "resume_key", "UTF-8"},
		{"resume key without a size", tranship.Spec{Path: "a", ResumeKey: "k"}, "resume_key", "unknown size"},
		{"resume key and negative size", keyed(-1, "k"), "size", "negative"},
		{"owner too long", tranship.Spec{Path: "a", Owner: strings.Repeat("o", tranship.MaxOwnerBytes+1)}, "owner", "at most 1024 bytes"},
		{"owner not UTF-8", tranship.Spec{Path: "a", Owner: "a\xff"}, "owner", "UTF-8"},
		{"durability", tranship.Spec{Path: "a", Durability: tranship.DurabilityDurable + 1}, "durability", "durable"},
		{"attributes", tranship.Spec{Path: "a", Attributes: tranship.Attributes{Mode: new(fs.ModeDir)}}, "attributes.mode", "0777"},
	} {
		checkInvalid(t, test.name, test.spec.Validate(), test.field, test.rule)
	}
}

// keyed returns the spec of a resumable upload.
func keyed(size int64, key string) tranship.Spec {
	return tranship.Spec{Path: "a", Size: &size, ResumeKey: key}
}

func TestPartSizeFor(t *testing.T) {
	const mib = 1 << 20
	for _, test := range []struct {
		name        string
		size        *int64
		least, most int64
		want        int64
	}{
		{"unknown", nil, mib, 64 * mib, mib},
		{"empty", new(int64(0)), mib, 64 * mib, mib},
		{"one byte", new(int64(1)), mib, 64 * mib, mib},
		{"1,999 parts", new(int64(1999 * mib)), mib, 64 * mib, mib},
		{"a byte in part 2,000", new(int64(1999*mib + 1)), mib, 64 * mib, 2 * mib},
		{"2,000 parts", new(int64(2000 * mib)), mib, 64 * mib, 2 * mib},
		{"1,999 parts of 2 MiB", new(int64(1999 * 2 * mib)), mib, 64 * mib, 2 * mib},
		{"1,999 parts of most", new(int64(1999 * 64 * mib)), mib, 64 * mib, 64 * mib},
		{"too large for most", new(int64(1 << 50)), mib, 64 * mib, 64 * mib},
		{"largest", new(int64(math.MaxInt64)), mib, 64 * mib, 64 * mib},
		{"largest with large parts", new(int64(math.MaxInt64)), 1, 1 << 62, 1 << 53},
		{"only one size", new(int64(1 << 40)), 8 * mib, 8 * mib, 8 * mib},
	} {
		got := tranship.PartSizeFor(test.size, test.least, test.most)
		if got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// TestPartSizeForSmallest checks the documented properties of PartSizeFor around the sizes
// where the result changes.
func TestPartSizeForSmallest(t *testing.T) {
	fits := func(size, partSize int64) bool { return (size+partSize-1)/partSize < 2000 }
	for _, base := range []int64{1999 << 10, 2000 << 10, 1999 << 13, 1 << 20, 1 << 30} {
		for size := base - 2; size <= base+2; size++ {
			got := tranship.PartSizeFor(&size, 1<<10, 1<<30)
			if !fits(size, got) {
				t.Errorf("%d bytes in parts of %d are 2,000 or more", size, got)
			}
			if got > 1<<10 && fits(size, got/2) {
				t.Errorf("%d bytes are cut in parts of %d, but %d is enough", size, got, got/2)
			}
		}
	}
}

func TestDurabilityString(t *testing.T) {
	for durability, want := range map[tranship.Durability]string{
		tranship.DurabilityDefault: "default", tranship.DurabilityWritten: "written", tranship.DurabilityDurable: "durable",
	} {
		if got := durability.String(); got != want {
			t.Errorf("Durability %d is %q, want %q", durability, got, want)
		}
	}
}
