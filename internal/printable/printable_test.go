package printable_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tranship/tranship/internal/printable"
)

// unsafe returns characters that must never be printed unchanged.
func unsafe() []rune {
	runes := []rune{
		0x7f, 0x61c, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x2060, 0xfeff, 0xad, 0xa0, 0x3000,
		0x34f, 0x115f, 0x1160, 0x3164, 0xffa0, 0x17b4, 0x180b, 0x180e, 0x2800, 0xfe0f, 0xfff9, 0xe000, 0xe0001, 0xe0041, 0xe0100, 0x10ffff,
	}
	for r := rune(0); r < ' '; r++ {
		runes = append(runes, r)
	}
	for r := rune(0x80); r < 0xa0; r++ {
		runes = append(runes, r)
	}
	for r := rune(0x202a); r <= 0x202e; r++ {
		runes = append(runes, r)
	}
	for r := rune(0x2061); r <= 0x206f; r++ {
		runes = append(runes, r)
	}
	return runes
}

func TestUnsafe(t *testing.T) {
	for _, r := range unsafe() {
		raw := string(r)
		if text := printable.Text("a" + raw + "b"); strings.Contains(text, raw) && r != ' ' {
			t.Errorf("Text prints %U raw: %q", r, text)
		}
		encoded, err := json.Marshal("a" + raw + "b")
		if err != nil {
			t.Fatal(err)
		}
		escaped := printable.JSON(encoded)
		if bytes.Contains(escaped, []byte(raw)) {
			t.Errorf("JSON prints %U raw: %s", r, escaped)
		}
		var back string
		if err := json.Unmarshal(escaped, &back); err != nil || back != "a"+raw+"b" {
			t.Errorf("JSON of %U is %s, which decodes to %q: %v", r, escaped, back, err)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"plain ü 漢字 🙂":            "plain ü 漢字 🙂",
		"a\nb\tc":                 "a b c",
		"\x1b[31m\x7f":            `\x1b[31m\x7f`,
		"\u009b31m \u202e":        `\u009b31m \u202e`,
		"\xff\x9b\xc2":            `\xff\x9b\xc2`,
		"\U000e0001":              `\U000e0001`,
		"replaced \ufffd already": "replaced \ufffd already",
	} {
		if got := printable.Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestLogs writes records with hostile values through both handlers of package slog.
func TestLogs(t *testing.T) {
	value := "x\u009b31m\x7f\u202e\u3164\xff\nlevel=ERROR"
	var text, lines bytes.Buffer
	slog.New(slog.NewTextHandler(printable.Lines(&text), nil)).Info("m", "path", value)
	slog.New(slog.NewJSONHandler(printable.JSONLines(&lines), nil)).Info("m", "path", value)
	for _, line := range []string{text.String(), lines.String()} {
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") || strings.ContainsAny(line, "\u009b\x7f\u202e\u3164") || !utf8.ValidString(line) {
			t.Errorf("the log has %q", line)
		}
	}
	var record struct{ Path string }
	if err := json.Unmarshal(lines.Bytes(), &record); err != nil || record.Path != strings.ToValidUTF8(value, "\ufffd") {
		t.Errorf("the record decodes to %q: %v", record.Path, err)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\u009b\xff\u202e")
	f.Fuzz(func(t *testing.T, value string) {
		text := printable.Text(value)
		for _, r := range text {
			if !printable.Rune(r) {
				t.Errorf("Text(%q) has %U", value, r)
			}
		}
		if !utf8.ValidString(text) || printable.Text(text) != text {
			t.Errorf("Text(%q) = %q, which is not UTF-8 or not the same again", value, text)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(printable.JSON(encoded), &back); err != nil || back != strings.ToValidUTF8(value, "\ufffd") && utf8.ValidString(value) {
			t.Errorf("JSON of %q decodes to %q: %v", value, back, err)
		}
	})
}
