package config

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// WriteYAML writes the settings as a file that Load can read. A comment behind each value
// tells where it comes from. The line of a default is a comment as a whole, because some
// flags mean another thing if their default is passed.
func (s *Settings) WriteYAML(out io.Writer) error {
	for setting := range s.All() {
		line, err := setting.line()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// line returns the line of a file with the setting.
func (s Setting) line() (string, error) {
	if len(s.Texts) == 0 {
		return "# " + s.Key + ":  # " + s.Origin.String(), nil
	}
	value := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, text := range s.Texts {
		item := &yaml.Node{Kind: yaml.ScalarNode, Value: withoutPassword(text)}
		if text == "" || strings.ContainsFunc(text, unicode.IsControl) {
			item.Style = yaml.DoubleQuotedStyle
		}
		value.Content = append(value.Content, item)
	}
	if !s.List {
		value = value.Content[0]
	}
	text, err := yaml.Marshal(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: s.Key}, value}})
	if err != nil {
		return "", err
	}
	line := strings.TrimSuffix(string(text), "\n") + "  # " + s.Origin.String()
	if s.Origin == (Origin{}) {
		line = "# " + line
	}
	return line, nil
}

// WriteJSON writes the settings as JSON, one object per line.
func (s *Settings) WriteJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	for setting := range s.All() {
		line := struct {
			Key    string   `json:"key"`
			Values []string `json:"values"`
			Source string   `json:"source"`
		}{setting.Key, []string{}, setting.Origin.String()}
		for _, text := range setting.Texts {
			line.Values = append(line.Values, withoutPassword(text))
		}
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// withoutPassword returns a text whose URL has "xxxxx" in place of its password. No other
// setting has a secret: secrets are in files and in variables of other programs.
func withoutPassword(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}
