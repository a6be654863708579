// Package printable makes text of other programs safe to print: names of files, messages
// of servers and clients, and values in logs. All output of this module uses the rule of
// Rune.
package printable

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// brailleBlank is a symbol that looks like a space.
const brailleBlank = '\u2800'

// Rune reports whether a character is printed unchanged: it is visible, or the ASCII
// space, and does not affect the characters around it. It is false for control characters
// (C0, DEL and C1), line and paragraph separators, marks that change the direction of
// text, characters without width, invisible fillers and variation selectors, spaces other
// than ' ', and code points that are private or not assigned.
func Rune(r rune) bool {
	return unicode.IsPrint(r) && r != brailleBlank &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Text returns text as one line. Line feeds and tabs become spaces. Every other character
// that Rune rejects becomes an escape sequence of Go, such as \x1b, \u202e or \U000e0001,
// and so does each byte that is not UTF-8. Backslashes are not escaped, so that the
// result is ambiguous: JSON keeps the exact value.
func Text(text string) string {
	if clean(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError && size == 1, r < utf8.RuneSelf && !Rune(r):
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case Rune(r):
			b.WriteString(text[:size])
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		text = text[size:]
	}
	return b.String()
}

func clean(text string) bool {
	for i, r := range text {
		if !Rune(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return false
			}
		}
	}
	return true
}

// JSON returns encoded JSON with every character that Rune rejects, except line feeds, as
// a \u escape, which decodes to the same value. A byte that is not UTF-8 becomes U+FFFD,
// as encoding/json decodes it. Encoders of JSON already escape control characters below '
// '.
func JSON(encoded []byte) []byte {
	escaped := make([]byte, 0, len(encoded))
	for len(encoded) > 0 {
		r, size := utf8.DecodeRune(encoded)
		switch {
		case r == utf8.RuneError && size == 1:
			escaped = append(escaped, `\ufffd`...)
		case r == '\n' || Rune(r):
			escaped = append(escaped, encoded[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			escaped = fmt.Appendf(escaped, `\u%04x\u%04x`, high, low)
		default:
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		}
		encoded = encoded[size:]
	}
	return escaped
}

// Lines returns a writer for whole lines of text, such as those of a log. It writes each
// line to out as Text returns it. It is safe for concurrent use if out is.
func Lines(out io.Writer) io.Writer {
	return writer{out, func(lines []byte) []byte {
		text, ended := strings.CutSuffix(string(lines), "\n")
		text = Text(text)
		if ended {
			text += "\n"
		}
		return []byte(text)
	}}
}

// JSONLines returns a writer for whole lines of JSON, which it writes to out as JSON
// returns them. It is safe for concurrent use if out is.
func JSONLines(out io.Writer) io.Writer { return writer{out, JSON} }

type writer struct {
	out    io.Writer
	escape func([]byte) []byte
}

// Write implements io.Writer.
func (w writer) Write(p []byte) (int, error) {
	if _, err := w.out.Write(w.escape(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
