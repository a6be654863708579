package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/bytesize"
)

// Limits are the limits of one principal. 0 means that the principal has none of its own, and
// less than 0 means unlimited.
type Limits struct {
	// Bandwidth is how many bytes of payload the principal may send and receive in a
	// second.
	Bandwidth int64
	// Streams is how many calls of the principal may be under way.
	Streams int
	// CallsPerSecond is how many calls the principal may make in a second.
	CallsPerSecond float64
	// FileBytes is the largest size of a file.
	FileBytes int64
	// QuotaBytes is the total size of the principal's files and unfinished uploads, and
	// QuotaFiles the number of its files, directories and unfinished uploads.
	QuotaBytes, QuotaFiles int64
	// Uploads is the number of the principal's unfinished uploads.
	Uploads int
}

// unlimited is the value of a limit that does not limit.
const unlimited = "unlimited"

// limitNames are the names of the limits, which are those of the server's settings. The value
// tells whether the limit is one of anonymous callers, too: the other limits are those of
// their addresses.
func limitNames() map[string]bool {
	return map[string]bool{
		"bandwidth-per-principal": false, "max-streams-per-principal": false, "max-calls-per-second": false,
		"max-file-size": true, "quota-bytes": true, "quota-files": true, "max-uploads": true,
	}
}

// parseLimit parses the words of a line that begins with limit.
func parseLimit(words []string) (subject, name string, value Limits, err error) {
	if len(words) != 4 {
		return "", "", Limits{}, fmt.Errorf("a limit has 4 words, not %d: limit SUBJECT NAME VALUE", len(words))
	}
	subject, name = words[1], words[2]
	if err := checkSubject(subject); err != nil {
		return "", "", Limits{}, err
	}
	ofAnonymous, known := limitNames()[name]
	switch {
	case !known:
		return "", "", Limits{}, fmt.Errorf("%s is not a limit: it must be one of %s", quote(name), strings.Join(slices.Sorted(maps.Keys(limitNames())), ", "))
	case subject == anonymous && !ofAnonymous:
		return "", "", Limits{}, fmt.Errorf("%s is not a limit of anonymous: each address of anonymous callers has the limit of the server", name)
	}
	value, err = parseValue(name, words[3])
	if err != nil {
		err = fmt.Errorf("%s: the value %s: %w", name, quote(words[3]), err)
	}
	return subject, name, value, err
}

// parseValue returns the Limits in which one is set.
func parseValue(name, text string) (l Limits, err error) {
	whole := func() (n int64) {
		n, err = parseNumber(text)
		return n
	}
	size := func() (n int64) {
		n, err = parseBytes(text)
		return n
	}
	switch name {
	case "bandwidth-per-principal":
		l.Bandwidth = size()
	case "max-streams-per-principal":
		l.Streams = int(whole())
	case "max-calls-per-second":
		l.CallsPerSecond = float64(whole())
	case "max-file-size":
		l.FileBytes = size()
	case "quota-bytes":
		l.QuotaBytes = size()
	case "quota-files":
		l.QuotaFiles = whole()
	case "max-uploads":
		l.Uploads = int(whole())
	}
	return l, err
}

// parseNumber returns a whole number from 1 on, or -1 for unlimited.
func parseNumber(text string) (int64, error) {
	if text == unlimited {
		return -1, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New("it must be a whole number from 1 to 2147483647, or unlimited")
	}
	return int64(n), nil
}

// parseBytes returns a number of bytes from 1 on, or -1 for unlimited.
func parseBytes(text string) (int64, error) {
	if text == unlimited {
		return -1, nil
	}
	n, ok := bytesize.Parse(text)
	if !ok {
		return 0, errors.New(bytesize.Rule + ", or unlimited")
	}
	if n == 0 {
		return 0, errors.New("it must be more than 0, or unlimited")
	}
	return n, nil
}

// override returns l with the limits of other that are set.
func (l Limits) override(other Limits) Limits {
	return l.merge(other, true)
}

// highest returns the higher one of each limit.
func (l Limits) highest(other Limits) Limits {
	return l.merge(other, false)
}

// merge returns l with the limits of other that are set: of all, or of those that l lacks or
// has lower.
func (l Limits) merge(other Limits, always bool) Limits {
	l.Bandwidth = choose(l.Bandwidth, other.Bandwidth, always)
	l.Streams = choose(l.Streams, other.Streams, always)
	l.CallsPerSecond = choose(l.CallsPerSecond, other.CallsPerSecond, always)
	l.FileBytes = choose(l.FileBytes, other.FileBytes, always)
	l.QuotaBytes = choose(l.QuotaBytes, other.QuotaBytes, always)
	l.QuotaFiles = choose(l.QuotaFiles, other.QuotaFiles, always)
	l.Uploads = choose(l.Uploads, other.Uploads, always)
	return l
}

// choose returns b if it is set, and if always is true, or a is not set or lower. Otherwise it
// returns a.
func choose[T int | int64 | float64](a, b T, always bool) T {
	switch {
	case b == 0:
		return a
	case always || a == 0 || b < 0:
		return b
	case a < 0:
		return a
	}
	return max(a, b)
}

// Limits returns the limits of a caller. Those of its name come before those of its groups, and
// those of its groups before those of all principals. Of several groups the highest applies.
func (p *Policy) Limits(caller access.Principal) Limits {
	if len(p.limits) == 0 {
		return Limits{}
	}
	if caller.IsAnonymous() {
		return p.limits[anonymous]
	}
	var groups Limits
	for _, group := range caller.Groups {
		groups = groups.highest(p.limits[groupPrefix+group])
	}
	limits := p.limits[authenticated].override(groups)
	if name := caller.Name; name != anonymous && name != authenticated && !strings.HasPrefix(name, groupPrefix) {
		limits = limits.override(p.limits[caller.Name])
	}
	return limits
}

// LimitsFiles reports whether a line limits the bytes or files that a principal may have.
func (p *Policy) LimitsFiles() bool {
	for _, limits := range p.limits {
		if limits.QuotaBytes > 0 || limits.QuotaFiles > 0 {
			return true
		}
	}
	return false
}
