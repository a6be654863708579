package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/location"
)

// Every location on a server in a command line that the documents or the help show is one that the
// commands take.
func TestDocumentedLocations(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	var addExamples func(*cobra.Command)
	addExamples = func(cmd *cobra.Command) {
		texts[cmd.CommandPath()+" --help"] = cmd.Example
		for _, sub := range cmd.Commands() {
			addExamples(sub)
		}
	}
	addExamples(newRoot(&globals{}))
	documents := []string{"../../README.md", "../../README.zh.md"}
	err := filepath.WalkDir("../../docs", func(name string, _ fs.DirEntry, err error) error {
		if filepath.Ext(name) == ".md" {
			documents = append(documents, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range documents {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	found := 0
	for name, text := range texts {
		for line := range strings.Lines(text) {
			words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "$ "))
			if len(words) == 0 || filepath.Base(words[0]) != "tranship" {
				continue
			}
			for _, word := range words {
				if !strings.HasPrefix(word, "grpc://") && !strings.HasPrefix(word, "grpcs://") {
					continue
				}
				found++
				if _, err := location.Parse(strings.Replace(word, "host:port", "host:50051", 1)); err != nil {
					t.Errorf("%s: %q: %v", name, strings.TrimSpace(line), err)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d locations were found", found)
	}
}
