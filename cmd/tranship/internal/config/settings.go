package config

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// Sources are where settings come from beside the flags that were passed. The zero value has
// none.
type Sources struct {
	// File is the name of the file; "" for none.
	File string
	// Prefix is what the names of the environment variables begin with, such as "TRANSHIP_".
	Prefix string
	// Environment has the variables, as os.Environ returns them.
	Environment []string
}

// Variable returns the name of the environment variable of a key.
func (s Sources) Variable(key string) string {
	return s.Prefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// Settings are the values of flags, and where they come from. They do not change.
type Settings struct {
	name     string
	settings map[string]Setting
	// unknown has the variables whose names are similar to those of keys.
	unknown []string
}

// Setting is the value of one key.
type Setting struct {
	Key string
	// Texts are the values as they were written, and one text for a flag that cannot be
	// repeated. It is empty if the key has no value and no default.
	Texts  []string
	Origin Origin
	// List tells that the flag may be repeated.
	List bool
	// Live tells that the setting can change while the server runs.
	Live bool

	// items are the lines of Texts in the file; nil if they are not a list in one.
	items []int
}

// liveAnnotation is the annotation of flags that MarkLive marks.
const liveAnnotation = "tranship-live"

// MarkLive marks flags whose values can change while the server runs. It panics if a name is
// not the name of one of the flags.
func MarkLive(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		if err := flags.SetAnnotation(name, liveAnnotation, []string{"true"}); err != nil {
			panic(err)
		}
	}
}

// Load sets the flags that were not passed: to the value of their environment variable, or
// else to that in the file. An environment variable that is empty counts as not set. Keys
// are the flags that may be set. With an error, which has all mistakes, the flags without
// one are set. The Settings are nil if the file cannot be read at all.
func Load(keys []*pflag.Flag, sources Sources) (*Settings, error) {
	loader := loader{sources: sources, variables: map[string]string{}, entries: map[string]entry{}}
	for _, line := range sources.Environment {
		if name, value, _ := strings.Cut(line, "="); value != "" && strings.HasPrefix(name, sources.Prefix) {
			loader.variables[name] = value
		}
	}
	known := map[string]*pflag.Flag{}
	for _, flag := range keys {
		known[flag.Name] = flag
	}
	if err := loader.readFile(known); err != nil {
		return nil, err
	}
	s := &Settings{name: cmp.Or(sources.File, "environment and flags"), settings: map[string]Setting{}}
	for _, flag := range keys {
		s.settings[flag.Name] = loader.load(flag)
	}
	s.unknown = loader.unknownVariables(known)
	return s, loader.mistakes.Err()
}

// loader collects what Load needs.
type loader struct {
	sources   Sources
	variables map[string]string
	entries   map[string]entry
	mistakes  usage.Mistakes
}

// readFile sets the entries to those of the file. Keys that are not known are mistakes. The
// error is that of a file that has no entries.
func (l *loader) readFile(known map[string]*pflag.Flag) error {
	if l.sources.File == "" {
		return nil
	}
	entries, err := read(l.sources.File)
	if several, ok := err.(usage.Mistakes); ok { //nolint:errorlint // as parse returns it
		l.mistakes.Add(several)
	} else if err != nil && len(entries) == 0 {
		return usage.AtFlag(FileKey, fmt.Errorf("--%s: %w", FileKey, err))
	} else {
		l.mistakes.Add(err)
	}
	for _, found := range entries {
		if known[found.key] != nil {
			l.entries[found.key] = found
			continue
		}
		message := fmt.Sprintf("%s: there is no such key", found.key)
		if similar := usage.Similar(found.key, maps.Keys(known)); similar != "" {
			message += "; did you mean " + similar + "?"
		}
		l.mistakes.Add(l.origin(found).At(usage.New(message)))
	}
	return nil
}

// FileKey is the flag that names the file.
const FileKey = "config"

func (l *loader) origin(of entry) Origin { return Origin{File: l.sources.File, Line: of.line} }

// load sets a flag, unless it was passed, and returns the setting.
func (l *loader) load(flag *pflag.Flag) Setting {
	list, isList := flag.Value.(pflag.SliceValue)
	setting := Setting{Key: flag.Name, List: isList, Live: flag.Annotations[liveAnnotation] != nil}
	variable := l.sources.Variable(flag.Name)
	value, inEnvironment := l.variables[variable]
	found, inFile := l.entries[flag.Name]
	switch {
	case flag.Changed:
		setting.Origin = Origin{Flag: true}
	case inEnvironment:
		setting.Origin, setting.Texts = Origin{Variable: variable}, []string{value}
		if isList {
			setting.Texts = splitList(value)
		}
	case inFile:
		setting.Origin, setting.Texts, setting.items = l.origin(found), found.texts, found.items
		if found.mapped && flag.Annotations[mappingAnnotation] == nil {
			l.mistakes.Add(setting.Origin.At(usage.Errorf("%s: it must have one value, and no keys of its own", flag.Name)))
			return setting
		}
		if found.list && !isList {
			l.mistakes.Add(setting.Origin.At(usage.Errorf("%s: it takes one value, not a list", flag.Name)))
			return setting
		}
	}
	if setting.Texts != nil {
		if err := set(flag, setting.Texts); err != nil {
			l.mistakes.Add(setting.Origin.At(usage.New(err.Error())))
		}
		return setting
	}
	if isList {
		setting.Texts = list.GetSlice()
	} else if text := flag.Value.String(); text != "" {
		setting.Texts = []string{text}
	}
	return setting
}

// splitList returns the texts in the value of an environment variable.
func splitList(value string) []string {
	texts := strings.Split(value, ",")
	for i := range texts {
		texts[i] = strings.TrimSpace(texts[i])
	}
	return texts
}

// set sets a flag as if it had been passed with each of the texts.
func set(flag *pflag.Flag, texts []string) error {
	flag.Changed = true
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.Replace(texts)
	}
	for _, text := range texts {
		if err := flag.Value.Set(text); err != nil {
			return wrongValue(flag, text, err)
		}
	}
	return nil
}

// unknownVariables returns a sentence for each variable whose name is similar to that of a
// key. Other programs may have set variables with the prefix: Kubernetes does so for each
// service.
func (l *loader) unknownVariables(known map[string]*pflag.Flag) []string {
	names := map[string]bool{l.sources.Variable(FileKey): true}
	for key := range known {
		names[l.sources.Variable(key)] = true
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(l.variables)) {
		if names[name] {
			continue
		}
		key := strings.TrimPrefix(name, l.sources.Prefix)
		similar := usage.Similar(key, func(yield func(string) bool) {
			for name := range names {
				if !yield(strings.TrimPrefix(name, l.sources.Prefix)) {
					return
				}
			}
		})
		if similar != "" {
			unknown = append(unknown, name+": no setting has this variable; did you mean "+l.sources.Prefix+similar+"?")
		}
	}
	return unknown
}

// Name returns the name of the file; "environment and flags" if there is none.
func (s *Settings) Name() string { return s.name }

// Unknown returns a sentence for each environment variable that is probably misspelt.
func (s *Settings) Unknown() []string { return s.unknown }

// Origin returns where the value of a key comes from.
func (s *Settings) Origin(key string) Origin { return s.settings[key].Origin }

// All returns the settings, sorted by key.
func (s *Settings) All() iter.Seq[Setting] {
	return func(yield func(Setting) bool) {
		for _, key := range slices.Sorted(maps.Keys(s.settings)) {
			if !yield(s.settings[key]) {
				return
			}
		}
	}
}

// originOf returns where the value comes from that a mistake is about.
func (s *Settings) originOf(mistake *usage.FlagError) Origin {
	setting := s.settings[mistake.Flag]
	if n := mistake.Item; n > 0 && n <= len(setting.items) {
		setting.Origin.Line = setting.items[n-1]
	}
	return setting.Origin
}

// Locate returns err, each mistake of which begins with the place of the value of its flag.
func (s *Settings) Locate(err error) error {
	var located usage.Mistakes
	located.Add(err)
	for i, err := range located {
		if at, ok := errors.AsType[*usage.FlagError](err); ok {
			located[i] = s.originOf(at).At(err)
		}
	}
	return located.Err()
}
