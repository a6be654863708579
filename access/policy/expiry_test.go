package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/access/policy"
)

const expiring = `allow ann read /
expire logs/audit never
expire logs/debug after 12h   # soon
expire logs after 30d
uploads inbox expire after 2d
expire "a b" after 1d
`

func TestExpiries(t *testing.T) {
	lines := parse(t, expiring).Expiries()
	for _, test := range []struct {
		path    string
		uploads bool
		line    string // "": none
	}{
		{"logs/x", false, "expire logs after 30d"},
		{"logs", false, "expire logs after 30d"},
		{"logs2/x", false, ""},
		{"logs/debug/x", false, "expire logs/debug after 12h"},
		{"logs/debug2", false, "expire logs after 30d"},
		{"logs/audit/x", false, ""},
		{"logs/x", true, ""},
		{"inbox/x", true, "uploads inbox expire after 2d"},
		{"inbox/x", false, ""},
		{"a b/c", false, `expire "a b" after 1d`},
		{"other", false, ""},
	} {
		line, ok := lines.For(test.path, test.uploads)
		if ok != (test.line != "") || ok && line.String() != test.line {
			t.Errorf("%s (uploads: %v): %v, %v, want %q", test.path, test.uploads, line, ok, test.line)
		}
	}
	if got := lines.Directories(false); !slices.Equal(got, policy.Prefixes{"a b", "logs"}) {
		t.Errorf("directories of files: %q", got)
	}
	if got := lines.Directories(true); !slices.Equal(got, policy.Prefixes{"inbox"}) {
		t.Errorf("directories of uploads: %q", got)
	}
}

func TestExpiryErrors(t *testing.T) {
	for text, want := range map[string]string{
		"expire logs":                                    "form",
		"expire":                                         "form",
		"expire logs after":                              "form",
		"expire logs after 30":                           "hours or days",
		"expire logs after 0d":                           "hours or days",
		"expire logs after 30m":                          "hours or days",
		"expire logs after -1d":                          "hours or days",
		"expire logs after 100001d":                      "hours or days",
		"expire logs after 99999999999999999999d":        "hours or days",
		"expire logs after h":                            "hours or days",
		"expire /logs after 3d":                          "must not begin with '/'",
		"expire home/{principal} after 3d":               "{principal}",
		"uploads logs after 3d":                          "form",
		"uploads":                                        "form",
		"uploads logs expire 3d":                         "form",
		"expire a after 1d\nexpire a/b never":            "must come before",
		"expire / after 1d\nexpire a/b after 2d":         "must come before",
		"expire a after 1d\nexpire a after 2d":           "twice",
		"uploads a expire never\nuploads a expire never": "twice",
	} {
		if _, err := policy.Parse("policy", []byte(text+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// Whatever is read of a file that is still being written never removes more than the whole file.
func TestBeginningsRemoveNoMore(t *testing.T) {
	whole := parse(t, expiring).Expiries()
	for n := range len(expiring) {
		p, err := policy.Parse("policy", []byte(expiring[:n]))
		if err != nil {
			continue
		}
		for _, path := range []string{"logs", "logs/audit/a", "logs/debug/a", "inbox/a", "a b", "a"} {
			for _, uploads := range []bool{false, true} {
				line, ok := p.Expiries().For(path, uploads)
				if of, all := whole.For(path, uploads); ok && (!all || line.After < of.After) {
					t.Errorf("the first %d bytes remove %s after %v, the whole file after %v", n, path, line.After, of.After)
				}
			}
		}
	}
}

// FuzzExpiry checks that the text of each valid line is parsed to the same line.
func FuzzExpiry(f *testing.F) {
	f.Add("expire logs after 30d\n")
	f.Add("uploads \"a b\" expire never\n")
	f.Add("expire / after 24h\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policy.Parse("policy", []byte(text))
		if err != nil {
			return
		}
		for _, line := range p.Expiries() {
			if line.After != 0 && line.After < policy.MinExpiry || line.After > 100_000*24*time.Hour {
				t.Errorf("%v", line)
			}
			again, err := policy.Parse("policy", []byte(line.String()+"\n"))
			if err != nil {
				t.Fatalf("%v: %v", line, err)
			}
			line.Line = 1
			if got := again.Expiries(); len(got) != 1 || got[0] != line {
				t.Errorf("%v became %v", line, got)
			}
		}
	})
}
