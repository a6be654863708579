package policy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// MaxBytes is the maximum length of a policy file in bytes, 1 MiB.
const MaxBytes = 1 << 20

// Parse returns the policy in the text of a file. Its errors begin with the file's name
// and the number of the line. Parse uses name for nothing else.
func Parse(name string, text []byte) (*Policy, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%s: a policy has at most %d bytes", name, MaxBytes)
	}
	parser := parser{limits: make(map[string]Limits), lines: make(map[string]int)}
	for line := range strings.Lines(string(text)) {
		parser.line++
		if err := parser.add(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, parser.line, err)
		}
	}
	policy := newPolicy(parser.rules)
	policy.limits, policy.expiries = parser.limits, parser.expiries
	return policy, nil
}

// parser collects what the lines of a file say.
type parser struct {
	line   int
	rules  []Rule
	limits map[string]Limits
	// expiries are in the order of their lines.
	expiries Expiries
	// lines has the line of each limit, by subject and name.
	lines map[string]int
}

// add adds what a line says.
func (p *parser) add(line string) error {
	line, ended := strings.CutSuffix(line, "\n")
	if !ended {
		return errors.New("the last line does not end in a newline, so the file may be incomplete: add the newline")
	}
	words, err := split(strings.TrimSuffix(line, "\r"))
	switch {
	case err != nil || len(words) == 0:
		return err
	case words[0] == "limit":
		return p.addLimit(words)
	case words[0] == "expire" || words[0] == "uploads":
		return p.addExpiry(words)
	case words[0] != "allow":
		return fmt.Errorf("%s is not a rule: a line is empty, a comment after '#', or begins with allow, limit, expire or uploads", quote(words[0]))
	}
	rule, err := parseRule(words)
	rule.Line = p.line
	p.rules = append(p.rules, rule)
	return err
}

func (p *parser) addLimit(words []string) error {
	subject, name, limits, err := parseLimit(words)
	if err != nil {
		return err
	}
	key := name + " " + subject
	if before := p.lines[key]; before > 0 {
		return fmt.Errorf("%s of %s is set twice: line %d has it, too", name, quote(subject), before)
	}
	p.lines[key] = p.line
	p.limits[subject] = p.limits[subject].override(limits)
	return nil
}

// parseRule parses the words of a line that begins with allow.
func parseRule(words []string) (Rule, error) {
	if len(words) != 4 {
		return Rule{}, fmt.Errorf("a rule has 4 words, not %d: allow SUBJECT ACTIONS PATH; a word with blanks in it must be quoted", len(words))
	}
	rule := Rule{subject: words[1]}
	err := checkSubject(rule.subject)
	if err != nil {
		return Rule{}, err
	}
	if rule.actions, err = parseActions(words[2]); err != nil {
		return Rule{}, err
	}
	if rule.path, rule.personal, err = parsePath(words[3]); err != nil {
		return Rule{}, err
	}
	if slices.Contains(rule.actions, access.Admin) {
		switch {
		case rule.path != "":
			return Rule{}, errors.New("the action admin is a right on the whole store: the path of its rule must be /")
		case rule.subject == anonymous:
			return Rule{}, errors.New("anonymous must not have the action admin: an administrator needs credentials")
		}
	}
	if rule.subject == anonymous && slices.Contains(rule.actions, access.Share) {
		return Rule{}, errors.New("anonymous must not have the action share: a link acts as the principal that has made it")
	}
	if rule.subject == anonymous && rule.personal {
		return Rule{}, errors.New("a rule for anonymous must not have {principal} in its path: anonymous callers have no name")
	}
	return rule, nil
}

func checkSubject(subject string) error {
	switch {
	case subject == "":
		return errors.New(`a name must not be empty; the subject of callers without credentials is anonymous`)
	case subject == groupPrefix:
		return errors.New("group: must be followed by the name of a group")
	case !utf8.ValidString(subject):
		return errors.New("a name must be valid UTF-8")
	}
	return nil
}

func parseActions(word string) ([]access.Action, error) {
	var actions []access.Action
	for text := range strings.SplitSeq(word, ",") {
		action, err := access.ParseAction(text)
		if err != nil {
			return nil, err
		}
		if slices.Contains(actions, action) {
			return nil, fmt.Errorf("the action %v is listed twice", action)
		}
		actions = append(actions, action)
	}
	return actions, nil
}

// parsePath returns a rule's path, and whether it has placeholders.
func parsePath(word string) (path string, personal bool, err error) {
	if word == wholeStore {
		return "", false, nil
	}
	path = strings.TrimSuffix(word, "/")
	if strings.HasPrefix(path, "/") {
		return "", false, fmt.Errorf("%s: a path must not begin with '/'; '/' alone is the whole store", quote(word))
	}
	if err := tranship.ValidatePath(path); err != nil {
		return "", false, fmt.Errorf("%s: %w", quote(word), err)
	}
	for segment := range strings.SplitSeq(path, "/") {
		looksLike := strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}")
		switch {
		case segment == placeholder:
			personal = true
		case looksLike || strings.Contains(segment, placeholder):
			return "", false, fmt.Errorf("%s: the only placeholder is {principal}, and it must be a whole segment", quote(word))
		}
	}
	return path, personal, nil
}

// split returns the words of a line, without its comment.
func split(line string) ([]string, error) {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" || line[0] == '#' {
			return words, nil
		}
		word, rest, err := cutWord(line)
		if err != nil {
			return nil, err
		}
		words, line = append(words, word), rest
	}
}

// cutWord returns the first word of a line, and the rest of the line.
func cutWord(line string) (word, rest string, err error) {
	if line[0] != '"' {
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			end = len(line)
		}
		word, rest = line[:end], line[end:]
		if !isPlain(word) {
			return "", "", fmt.Errorf("%s: a word with quotes, '#' or invisible characters in it must be quoted, as in this message", strconv.Quote(word))
		}
		return word, rest, nil
	}
	quoted, err := strconv.QuotedPrefix(line)
	if err != nil {
		return "", "", errors.New("a quoted word must be a Go string: it has no closing quote, or an invalid escape")
	}
	rest = line[len(quoted):]
	if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", "", fmt.Errorf("a blank is missing after %s", quoted)
	}
	word, err = strconv.Unquote(quoted)
	return word, rest, err
}

// isPlain reports whether a word needs no quotes.
func isPlain(word string) bool {
	return word != "" && utf8.ValidString(word) && !strings.ContainsFunc(word, func(r rune) bool {
		return !unicode.IsPrint(r) || strings.ContainsRune(` "#`, r)
	})
}

// quote returns a word in the syntax of the file.
func quote(word string) string {
	if isPlain(word) {
		return word
	}
	return strconv.Quote(word)
}
