package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// mappingAnnotation marks the flags whose values are words: a value may be a mapping in the file.
const mappingAnnotation = "tranship-mapping"

// MarkMapping marks flags whose values consist of words such as name=value. In the file, a value may
// have a key for each word instead, and a list of values is joined by '+'.
func MarkMapping(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		if err := flags.SetAnnotation(name, mappingAnnotation, []string{"true"}); err != nil {
			panic(err)
		}
	}
}

// Word is a word of a value: name=value.
type Word struct{ Name, Value string }

// ParseWords parses words that are separated by spaces. A value with spaces is quoted as in Go.
func ParseWords(text string) ([]Word, error) {
	var all []Word
	for {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if text == "" {
			return all, nil
		}
		name, rest, ok := strings.Cut(text, "=")
		if !ok || name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
			return nil, usage.Errorf("%q must be words such as name=value", text)
		}
		if !strings.HasPrefix(rest, `"`) {
			end := strings.IndexFunc(rest, unicode.IsSpace)
			if end < 0 {
				end = len(rest)
			}
			all, text = append(all, Word{name, rest[:end]}), rest[end:]
			continue
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil, usage.Errorf("%s: the value is not quoted as it should be", name)
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, usage.Errorf("%s: %v", name, err)
		}
		all, text = append(all, Word{name, value}), rest[len(quoted):]
	}
}

// words returns the words of a mapping in the file.
func words(node *yaml.Node) (string, error) {
	var all []string
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		name, err := scalar(key)
		if err != nil || name == "" || strings.ContainsFunc(name, unicode.IsSpace) || strings.ContainsAny(name, `="`) {
			return "", usage.New("a key must be one word")
		}
		values := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			values = value.Content
		}
		var texts []string
		for _, item := range values {
			text, err := scalar(item)
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			texts = append(texts, text)
		}
		text := strings.Join(texts, "+")
		if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r == '"' || unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
			text = strconv.Quote(text)
		}
		all = append(all, name+"="+text)
	}
	return strings.Join(all, " "), nil
}
