package links

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

const (
	// keyPrefix is the beginning of the keys of links in the state of a store.
	keyPrefix = "links/"
	// resumeTime is how long a client that has begun to read a file may read ranges of it without
	// another use.
	resumeTime = time.Hour
	// maxBegun is how many clients and files a record remembers for resumeTime: those that have
	// begun last.
	maxBegun = 64
	// maxOpen is how many unfinished uploads a link has at most. Its issuer's limit is for all of the
	// issuer's uploads, which a stranger could use up.
	maxOpen = 64
	// examineTime is how long the unfinished uploads of a link are not looked for again, and how old one
	// is that is looked for: one that begins may not be in the store yet.
	examineTime = time.Minute
)

// record is what a store keeps of a link.
type record struct {
	Path      string `json:"path"`
	Directory bool   `json:"directory,omitempty"`
	Upload    bool   `json:"upload,omitempty"`
	// Issuer is the name of the principal that has made the link, and Groups and Source are those
	// that it had.
	Issuer string   `json:"issuer"`
	Groups []string `json:"groups,omitempty"`
	Source string   `json:"source,omitempty"`
	// Registered: an authenticator knows whether the issuer still exists.
	Registered bool      `json:"registered,omitempty"`
	Created    time.Time `json:"created"`
	Expires    time.Time `json:"expires"`
	MaxBytes   int64     `json:"max_bytes,omitempty"`
	MaxUses    int64     `json:"max_uses,omitempty"`
	Uses       int64     `json:"uses"`
	// Secret is the hash of the secret.
	Secret []byte `json:"secret"`
	// Begun are downloads that a client may resume, in the order in which they began.
	Begun []begun `json:"begun,omitempty"`
	// Open are uploads that were created and have not ended, by their ids, in the order in which they began.
	Open []begun `json:"open,omitempty"`
	// Examined is when those of them that had ended were last looked for.
	Examined time.Time `json:"examined,omitzero"`
}

// begun is a download or an upload that has begun.
type begun struct {
	// Key is for a client and a file, see begunKey, or the id of an upload.
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// begunKey names what a client reads, without telling either.
func begunKey(client, path string) string {
	sum := sha256.Sum256([]byte(client + "\x00" + path))
	return encode(sum[:10])
}

// recordOf returns the record in an entry, unless it has expired.
func recordOf(entry tranship.StateEntry, now time.Time) (record, error) {
	var r record
	if err := json.Unmarshal(entry.Value, &r); err != nil {
		return record{}, fmt.Errorf("the record %s of a link: %w", entry.Key, err)
	}
	if !now.Before(r.Expires) {
		return record{}, errNoLink
	}
	return r, nil
}

// entry returns the record as the value of a key.
func (r record) entry(id, version string) (tranship.StateEntry, error) {
	value, err := json.Marshal(r) //nolint:gosec // the record has a hash of the secret
	return tranship.StateEntry{Key: keyPrefix + id, Value: value, Version: version, Expires: r.Expires}, err
}

// action is what the link is for.
func (r record) action() access.Action {
	if r.Upload {
		return access.Create
	}
	return access.Read
}

// link describes the record to its issuer.
func (r record) link(id string) Link {
	l := Link{ID: id, Path: r.Path, Upload: r.Upload, Created: r.Created, Expires: r.Expires, MaxBytes: r.MaxBytes, MaxUses: r.MaxUses, Uses: r.Uses}
	if r.Directory {
		l.Path += "/"
	}
	return l
}

// isUsedUp reports whether there are no more uses.
func (r record) isUsedUp() bool { return r.MaxUses > 0 && r.Uses >= r.MaxUses }

// hasBegun reports whether a client may resume a download.
func (r record) hasBegun(key string, now time.Time) bool {
	return slices.ContainsFunc(r.Begun, func(b begun) bool { return b.Key == key && now.Before(b.At.Add(resumeTime)) })
}

// use counts a use, unless there are no more. key is that of a download that may be resumed; "" for
// an upload.
func (r *record) use(key string, now time.Time) error {
	if r.isUsedUp() {
		return errNoLink
	}
	r.Uses++
	if key == "" || r.MaxUses == 0 {
		return nil
	}
	r.Begun = slices.DeleteFunc(r.Begun, func(b begun) bool { return b.Key == key || !now.Before(b.At.Add(resumeTime)) })
	r.Begun = append(r.Begun, begun{key, now})
	r.Begun = r.Begun[max(0, len(r.Begun)-maxBegun):]
	return nil
}

// open counts an unfinished upload, unless there are too many.
func (r *record) open(upload string, now time.Time) error {
	if len(r.Open) >= maxOpen {
		return errManyOpen
	}
	r.Open = append(r.Open, begun{upload, now})
	return nil
}

// examine returns the ids of the uploads that may have ended, unless they were looked for a short time ago.
func (r *record) examine(now time.Time) []string {
	if now.Before(r.Examined.Add(examineTime)) {
		return nil
	}
	r.Examined = now
	var ids []string
	for _, b := range r.Open {
		if !now.Before(b.At.Add(examineTime)) {
			ids = append(ids, b.Key)
		}
	}
	return ids
}

// close forgets an upload. It reports whether the record had it.
func (r *record) close(upload string) bool {
	before := len(r.Open)
	r.Open = slices.DeleteFunc(r.Open, func(b begun) bool { return b.Key == upload })
	return len(r.Open) < before
}
