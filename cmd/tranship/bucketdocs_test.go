package main

import (
	"os"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/fakes3"
)

// The lines with locations in a bucket that docs/s3.md shows run one after another.
func TestDocumentedBucketLines(t *testing.T) {
	text, err := os.ReadFile("../../docs/s3.md")
	if err != nil {
		t.Fatal(err)
	}
	useBucket(t, fakes3.Options{})
	t.Chdir(writeSource(t, map[string][]byte{"report.pdf": []byte("report"), "photos/1.jpg": []byte("photo")}))
	lines := 0
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "tranship" || words[1] == "serve" {
			continue
		}
		lines++
		output(t, 0, words[1:]...)
	}
	if lines < 9 {
		t.Errorf("%d lines", lines)
	}
	sameContent(t, "copy.pdf", []byte("report"))
}
