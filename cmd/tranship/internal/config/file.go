package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/configfile"
)

// MaxBytes is the maximum size of a file in bytes, 1 MiB.
const MaxBytes = 1 << 20

// entry is a key of a file with its values.
type entry struct {
	key  string
	line int
	// items are the lines of the values of a list.
	items []int
	// texts are the values; list tells that the file has them as a list, and mapped that one of
	// them has keys of its own.
	texts        []string
	list, mapped bool
}

// read returns the entries of a file, in their order. It refuses a file that other users of
// the machine can change or replace.
func read(name string) ([]entry, error) {
	text, _, err := configfile.New(name, configfile.Options{Guard: configfile.GuardPath, MaxBytes: MaxBytes}).Read()
	if err != nil {
		return nil, err
	}
	return parse(name, text)
}

// parse returns the entries in the text of the file called name. With an error, which has
// all mistakes, it returns the entries without one.
func parse(name string, text []byte) ([]entry, error) {
	var document yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	if err := decoder.Decode(&document); err != nil {
		if strings.TrimSpace(string(text)) == "" || document.Kind == 0 && onlyComments(text) {
			return nil, nil
		}
		return nil, Origin{File: name}.At(err)
	}
	if len(document.Content) != 1 {
		return nil, nil
	}
	top := document.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return nil, nil
	}
	at := func(line int, format string, args ...any) error {
		return Origin{File: name, Line: line}.At(usage.Errorf(format, args...))
	}
	if top.Kind != yaml.MappingNode {
		return nil, at(top.Line, "the file must have lines such as max-uploads: 100")
	}
	var second yaml.Node
	if decoder.Decode(&second) == nil {
		return nil, at(second.Line, "the file must have one document: remove the line ---")
	}
	var entries []entry
	var mistakes usage.Mistakes
	lines := map[string]int{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			mistakes.Add(at(key.Line, "a key must be one word, such as max-uploads"))
			continue
		}
		if before := lines[key.Value]; before > 0 {
			mistakes.Add(at(key.Line, "%s is set twice: line %d has it, too", key.Value, before))
			continue
		}
		lines[key.Value] = key.Line
		found := entry{key: key.Value, line: key.Line}
		if err := found.setTexts(value); err != nil {
			mistakes.Add(at(value.Line, "%s: %v", key.Value, err))
			continue
		}
		entries = append(entries, found)
	}
	return entries, mistakes.Err()
}

// onlyComments reports whether no line of a text has anything but a comment.
func onlyComments(text []byte) bool {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}

// setTexts sets the values of the entry to those of a node.
func (e *entry) setTexts(node *yaml.Node) error {
	switch node.Kind {
	case yaml.ScalarNode:
		text, err := scalar(node)
		e.texts = []string{text}
		return err
	case yaml.SequenceNode:
		e.list = true
		for _, item := range node.Content {
			text, err := scalar(item)
			if item.Kind == yaml.MappingNode {
				e.mapped = true
				text, err = words(item)
			}
			if err != nil {
				return fmt.Errorf("line %d: %w", item.Line, err)
			}
			e.texts, e.items = append(e.texts, text), append(e.items, item.Line)
		}
		return nil
	case yaml.AliasNode:
		return usage.New("an alias is not supported: repeat the value")
	}
	return usage.New("it must have one value, and no keys of its own")
}

// scalar returns the text of a single value.
func scalar(node *yaml.Node) (string, error) {
	switch {
	case node.Kind == yaml.AliasNode:
		return "", usage.New("an alias is not supported: repeat the value")
	case node.Kind != yaml.ScalarNode:
		return "", usage.New("it must have one value, and no keys of its own")
	case node.ShortTag() == "!!null":
		return "", usage.New("the value is missing: set one, or remove the key")
	}
	return node.Value, nil
}
