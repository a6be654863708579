package bearer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	longest := strings.Repeat("a", MaxTokenBytes)
	for text, want := range map[string]string{
		"abc": "abc", " abc\n": "abc", "a-._~+/Z9==": "a-._~+/Z9==", longest: longest,
		"": "", " \n": "", "two words": "", "a\x00": "", "=": "", "a=b": "", "é": "", longest + "a": "",
	} {
		got, err := Parse(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.20q: %.20q, %v", text, got, err)
		}
		if err != nil && text != "" && strings.TrimSpace(text) != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error of %q quotes it", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(" abc==\n")
	f.Add("a b")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(token); err != nil || again != token {
			t.Errorf("%q is the token %q, and that %q, %v", text, token, again, err)
		}
		if strings.ContainsAny(token, " \r\n\x00") || len(token) > MaxTokenBytes {
			t.Errorf("%q is no token", token)
		}
	})
}

func TestFileErrors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	_, err := NewFile(name).Token(t.Context())
	failed, ok := errors.AsType[*FileError](err)
	if !ok || failed.Name != name || !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), name) != 1 {
		t.Errorf("missing: %v", err)
	}
	if err := os.WriteFile(name, []byte("two words"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFile(name).Token(t.Context()); err == nil || strings.Contains(err.Error(), "two") {
		t.Errorf("no token: %v", err)
	}
}

func TestFileExposure(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes")
	}
	name := filepath.Join(t.TempDir(), "token")
	file := NewFile(name)
	for _, test := range []struct {
		mode fs.FileMode
		want Exposure
	}{{0o600, ExposureNone}, {0o640, ExposureNone}, {0o644, ExposureReadable}, {0o666, ExposureWritable}, {0o400, ExposureNone}} {
		if err := errors.Join(os.WriteFile(name, []byte("token\n"), 0o600), os.Chmod(name, test.mode)); err != nil {
			t.Fatal(err)
		}
		if token, err := file.Token(t.Context()); token != "token" || err != nil || file.Exposure() != test.want {
			t.Errorf("mode %o: %q, %v, exposure %d", test.mode, token, err, file.Exposure())
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTokenFileKeepsTheLast checks that a file that cannot be used keeps its last token.
func TestTokenFileKeepsTheLast(t *testing.T) {
	const first, second = "first-token", "second-token"
	name := filepath.Join(t.TempDir(), "token")
	write := func(content string) func() error {
		return func() error { return os.WriteFile(name, []byte(content), 0o600) }
	}
	file := NewFile(name)
	if _, err := file.Token(t.Context()); err == nil {
		t.Error("a token was found where there is no file")
	}
	for _, step := range []struct {
		what   string
		change func() error
		want   string
	}{
		{"at first", write(first + "\n"), first},
		{"empty", write(""), first},
		{"with blanks", write("two words"), first},
		{"too long", write(strings.Repeat("a", MaxTokenBytes+1)), first},
		{"missing", func() error { return os.Remove(name) }, first},
		{"a directory", func() error { return os.Mkdir(name, 0o700) }, first},
		{"replaced", func() error { return errors.Join(os.Remove(name), write(second)()) }, second},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		if token, err := file.Token(t.Context()); err != nil || token != step.want {
			t.Errorf("%s: %q, %v", step.what, token, err)
		}
	}
}
