package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// fixture has one flag of each kind.
type fixture struct {
	flags    *pflag.FlagSet
	root     string
	uploads  int
	rate     float64
	insecure bool
	proxies  []string
}

func newFixture() *fixture {
	f := &fixture{flags: pflag.NewFlagSet("test", pflag.ContinueOnError)}
	f.flags.StringVar(&f.root, "root", "", "")
	f.flags.IntVar(&f.uploads, "max-uploads", 1000, "")
	f.flags.Float64Var(&f.rate, "max-rate", 1, "")
	f.flags.BoolVar(&f.insecure, "insecure", false, "")
	f.flags.StringArrayVar(&f.proxies, "trusted-proxy", nil, "")
	MarkLive(f.flags, "max-uploads")
	return f
}

// load passes arguments to the flags, and loads the rest from a file with a text and from the
// environment. "FILE" in the error stands for the name of the file.
func (f *fixture) load(t *testing.T, text string, environment []string, arguments ...string) (*Settings, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "server.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.flags.Parse(arguments); err != nil {
		t.Fatal(err)
	}
	settings, err := Load(f.keys(), Sources{File: name, Prefix: "TEST_", Environment: environment})
	var mistakes usage.Mistakes
	mistakes.Add(err)
	for i, err := range mistakes {
		mistakes[i] = errors.New(strings.ReplaceAll(err.Error(), name, "FILE"))
	}
	return settings, mistakes.Err()
}

func (f *fixture) keys() (keys []*pflag.Flag) {
	f.flags.VisitAll(func(flag *pflag.Flag) { keys = append(keys, flag) })
	return keys
}

// A flag wins over a variable, and a variable over the file.
func TestOrder(t *testing.T) {
	f := newFixture()
	s, err := f.load(t, "root: of the file\nmax-uploads: 1\nmax-rate: 1.5\ninsecure: true\ntrusted-proxy: [a, b]\n",
		[]string{"TEST_MAX_UPLOADS=2", "TEST_MAX_RATE=2.5", "TEST_INSECURE=", "OTHER_ROOT=x"}, "--max-uploads", "3")
	if err != nil {
		t.Fatal(err)
	}
	if f.root != "of the file" || f.uploads != 3 || f.rate != 2.5 || !f.insecure || !slices.Equal(f.proxies, []string{"a", "b"}) {
		t.Errorf("got %+v", f)
	}
	for key, want := range map[string]string{"root": ":1", "max-uploads": "flag", "max-rate": "environment TEST_MAX_RATE", "insecure": ":4"} {
		if got := s.Origin(key).String(); !strings.HasSuffix(got, want) {
			t.Errorf("%s comes from %q, want %q", key, got, want)
		}
	}
}

// A higher place replaces a list, and does not add to it.
func TestLists(t *testing.T) {
	for _, test := range []struct {
		text      string
		variables []string
		arguments []string
		want      []string
	}{
		{"trusted-proxy: [a, b]\n", nil, nil, []string{"a", "b"}},
		{"trusted-proxy:\n- a\n- 10\n", nil, nil, []string{"a", "10"}},
		{"trusted-proxy: a\n", nil, nil, []string{"a"}},
		{"trusted-proxy: []\n", nil, nil, nil},
		{"trusted-proxy: [a, b]\n", []string{"TEST_TRUSTED_PROXY=c, d"}, nil, []string{"c", "d"}},
		{"trusted-proxy: [a, b]\n", []string{"TEST_TRUSTED_PROXY=c"}, []string{"--trusted-proxy", "e", "--trusted-proxy", "f"}, []string{"e", "f"}},
	} {
		f := newFixture()
		if _, err := f.load(t, test.text, test.variables, test.arguments...); err != nil || !slices.Equal(f.proxies, test.want) {
			t.Errorf("%q, %q, %q: %q, %v", test.text, test.variables, test.arguments, f.proxies, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"max-upload: 1\n":                    "FILE:1: max-upload: there is no such key; did you mean max-uploads?",
		"\n# x\nconfig: 1\n":                 "FILE:3: config: there is no such key",
		"root: x\nmax-uploads: many\n":       `FILE:2: max-uploads: the value "many": it must be a whole number`,
		"max-rate: fast\n":                   "it must be a number",
		"insecure: on\n":                     "it must be true or false",
		"root: [x]\n":                        "FILE:1: root: it takes one value, not a list",
		"root: {x: 1}\n":                     "FILE:1: root: it must have one value, and no keys of its own",
		"trusted-proxy: [a, [b]]\n":          "no keys of its own",
		"root:\n":                            "FILE:1: root: the value is missing",
		"root: ~\n":                          "the value is missing",
		"root: &x y\ninsecure: *x\n":         "FILE:2: insecure: an alias is not supported",
		"root: x\nroot: y\n":                 "FILE:2: root is set twice: line 1 has it, too",
		"[a]: x\n":                           "FILE:1: a key must be one word",
		"- root\n":                           "FILE:1: the file must have lines such as",
		"root\n":                             "FILE:1: the file must have lines such as",
		"root: x\n---\nroot: y\n":            "one document",
		"root: x\n\"\n":                      "FILE: yaml: line ",
		"root: \xff\n":                       "FILE: yaml: ",
		"max-upload: 1\nmax-uploads: many\n": "FILE:2: max-uploads",
	} {
		f := newFixture()
		_, err := f.load(t, text, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"", "\n", "# only a comment\n", "---\n", "~\n", "max-uploads: '1'\n", "insecure: true\n"} {
		if _, err := newFixture().load(t, text, nil); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	_, err := newFixture().load(t, "", []string{"TEST_MAX_UPLOADS=x"})
	if want := `TEST_MAX_UPLOADS: max-uploads: the value "x": it must be a whole number`; err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

// A mistake in the values of flags that the file has set has the line of the file.
func TestLocate(t *testing.T) {
	s, err := newFixture().load(t, "\nmax-uploads: 1\n", []string{"TEST_ROOT=x"}, "--insecure")
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{"max-uploads": ":2: wrong", "root": "TEST_ROOT: wrong", "insecure": "wrong", "max-rate": "wrong"} {
		if err := s.Locate(usage.AtFlag(flag, usage.New("wrong"))); !strings.HasSuffix(err.Error(), want) || !errors.Is(err, usage.Err) {
			t.Errorf("%s: %q, want %q", flag, err, want)
		}
	}
}

// A variable that resembles that of a setting is reported, others are not: Kubernetes sets
// TRANSHIP_PORT and TRANSHIP_SERVICE_HOST for a service of the name tranship.
func TestUnknownVariables(t *testing.T) {
	s, err := newFixture().load(t, "", []string{"TEST_MAX_UPLOAD=1", "TEST_SERVICE_HOST=x", "TEST_CONFIG=x", "TEST_ROOT=x"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"TEST_MAX_UPLOAD: no setting has this variable; did you mean TEST_MAX_UPLOADS?"}
	if got := s.Unknown(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestChanges(t *testing.T) {
	before, err := newFixture().load(t, "root: x\nmax-uploads: 5\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	after, err := newFixture().load(t, "root: y\nmax-uploads: 6\ntrusted-proxy: [a]\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	for _, change := range after.Changes(before) {
		changed = append(changed, change.Key+" "+Value(change.Before)+" "+Value(change.Texts))
	}
	if want := []string{"max-uploads 5 6", "root x y", "trusted-proxy unset a"}; !slices.Equal(changed, want) {
		t.Errorf("%q", changed)
	}
	if left := after.Keep(before).Changes(before); len(left) != 1 || left[0].Key != "max-uploads" {
		t.Errorf("kept: %v", left)
	}
}

// What WriteYAML writes has the same values, and no password.
func TestWriteYAML(t *testing.T) {
	text := "root: \"a: b\\n#\"\nmax-uploads: 007\ntrusted-proxy: [\"\", \"x,y\", \"true\"]\n"
	first := newFixture()
	s, err := first.load(t, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	again := newFixture()
	if _, err := again.load(t, out.String(), nil); err != nil || again.root != first.root || again.uploads != 7 || !slices.Equal(again.proxies, first.proxies) {
		t.Errorf("%+v, %v after\n%s", again, err, out.String())
	}
	if !strings.Contains(out.String(), "# insecure: false  # default\n") {
		t.Error(out.String())
	}
	s, err = newFixture().load(t, "root: https://user:secret@example.com\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := errors.Join(s.WriteYAML(&out), s.WriteJSON(&out)); err != nil || strings.Contains(out.String(), "secret") {
		t.Errorf("%v: %s", err, out.String())
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "a: 1\n", "a: [1, 'x']\n", "a: &b c\nd: *b\n", "? [x]\n: y\n", "a: !!binary x\n", "<<: {a: 1}\n", "--- x\n--- y\n", "a: |\n  x\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, _ := parse("file", text)
		seen := map[string]bool{}
		for _, entry := range entries {
			if seen[entry.key] || entry.line < 1 || len(entry.texts) != 1 && !entry.list {
				t.Errorf("entry %+v of %q", entry, text)
			}
			seen[entry.key] = true
		}
	})
}
