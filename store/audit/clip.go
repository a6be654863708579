package audit

import "strings"

// clip truncates a text from a client to most bytes, and marks it with "…" if it did.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
