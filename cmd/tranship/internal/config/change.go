package config

import (
	"slices"
	"strings"
)

// Change is a setting whose value differs between two Settings.
type Change struct {
	Setting
	// Before are the values that it had.
	Before []string
}

// Changes returns the settings of s that differ from those of before, sorted by key.
func (s *Settings) Changes(before *Settings) []Change {
	var changes []Change
	for setting := range s.All() {
		if had := before.settings[setting.Key]; !slices.Equal(had.Texts, setting.Texts) {
			changes = append(changes, Change{setting, had.Texts})
		}
	}
	return changes
}

// Keep returns s with the values that before has for the keys that are not Live.
func (s *Settings) Keep(before *Settings) *Settings {
	kept := &Settings{name: s.name, settings: map[string]Setting{}, unknown: s.unknown}
	for key, setting := range s.settings {
		if !setting.Live {
			setting = before.settings[key]
		}
		kept.settings[key] = setting
	}
	return kept
}

// Value returns values as the text of a log line; "unset" for none.
func Value(texts []string) string {
	if len(texts) == 0 {
		return "unset"
	}
	return strings.Join(texts, ",")
}
