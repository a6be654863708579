package quota

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tranship/tranship"
)

// amount is what counts for an account: bytes and files.
type amount struct {
	Bytes int64 `json:"bytes,omitempty"`
	Files int64 `json:"files,omitempty"`
}

func (a amount) plus(b amount) amount  { return amount{a.Bytes + b.Bytes, a.Files + b.Files} }
func (a amount) minus(b amount) amount { return amount{a.Bytes - b.Bytes, a.Files - b.Files} }
func (a amount) least(b amount) amount { return amount{min(a.Bytes, b.Bytes), min(a.Files, b.Files)} }

func (a amount) most(b amount) amount { return amount{max(a.Bytes, b.Bytes), max(a.Files, b.Files)} }

// fits reports whether a is not more than b.
func (a amount) fits(b amount) bool { return a.Bytes <= b.Bytes && a.Files <= b.Files }

// unlimited is more than any amount, and small enough to be added to others.
const unlimited = math.MaxInt64 / 8

// amount returns the limits of an account.
func (l Limits) amount() amount {
	limit := amount{unlimited, unlimited}
	if l.Bytes > 0 {
		limit.Bytes = l.Bytes
	}
	if l.Files > 0 {
		limit.Files = l.Files
	}
	return limit
}

// record is what the servers of a store know of an account. Used, Lost, the leases and the uploads
// together never exceed the limits.
type record struct {
	Name string `json:"name"`
	// Used is what the files have that servers have reported. Lost is what servers had leased
	// that have died: their files may have it.
	Used amount `json:"used"`
	Lost amount `json:"lost"`
	// Leases have what each server may use without asking, by its id.
	Leases map[string]lease `json:"leases,omitempty"`
	// Uploads have the sizes of resumable uploads that are not being committed, by uploadKey.
	Uploads map[string]int64 `json:"uploads,omitempty"`
	// Credit is the upload that covers only what its file needs beyond the one that it
	// replaces; "" for none.
	Credit string `json:"credit,omitempty"`
	// Scan is a recount that is under way; nil for none.
	Scan *scan `json:"scan,omitempty"`
	// Recounted is when the latest recount has ended, or when the record was made.
	Recounted time.Time `json:"recounted,omitzero"`
}

// lease is what one server may use. Seq counts its changes of the record.
type lease struct {
	amount
	Seq     uint64    `json:"seq"`
	Expires time.Time `json:"expires"`
}

// scan is a recount.
type scan struct {
	ID string `json:"id"`
	// Lost is what was lost when it began, and Added what was added since.
	Lost  amount `json:"lost"`
	Added amount `json:"added"`
}

// uploadKey returns the name of an upload in a record.
func uploadKey(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// reserved returns what the uploads reserve.
func (r *record) reserved() (all amount) {
	for _, size := range r.Uploads {
		all = all.plus(amount{size, 1})
	}
	return all
}

// free returns what no server uses or may use but the one with an id; it may be negative.
func (r *record) free(limit amount, server string) amount {
	free := limit.minus(r.Used).minus(r.Lost).minus(r.reserved())
	for id, held := range r.Leases {
		if id != server {
			free = free.minus(held.amount)
		}
	}
	return free
}

// bury takes the leases of servers that have died for lost; the server with an id is alive.
func (r *record) bury(now time.Time, server string) {
	for id, held := range r.Leases {
		if id != server && now.After(held.Expires.Add(graceTime)) {
			r.Lost = r.Lost.plus(held.amount)
			delete(r.Leases, id)
		}
	}
}

// isEmpty reports whether the record says no more than none.
func (r *record) isEmpty() bool {
	return r.Used == amount{} && r.Lost == amount{} && len(r.Leases) == 0 && len(r.Uploads) == 0 && r.Scan == nil
}

// recordsPrefix is what the keys of all records begin with.
const recordsPrefix = "quota/accounts/"

// recordKey returns the key of the record of an account.
func recordKey(name string) string {
	sum := sha256.Sum256([]byte(name))
	return recordsPrefix + hex.EncodeToString(sum[:])
}

// parseRecord parses the value of a record.
func parseRecord(value []byte) (*record, error) {
	r := new(record)
	if err := json.Unmarshal(value, r); err != nil {
		return nil, fmt.Errorf("the record of a quota cannot be read: %w", err)
	}
	if r.Leases == nil {
		r.Leases = make(map[string]lease)
	}
	if r.Uploads == nil {
		r.Uploads = make(map[string]int64)
	}
	return r, nil
}

// load returns the record of an account, with its version; a new one if there is none.
func load(ctx context.Context, state tranship.StateStore, name string) (*record, string, error) {
	entry, err := state.GetState(ctx, recordKey(name))
	if errors.Is(err, tranship.ErrNotFound) {
		return &record{Name: name, Recounted: time.Now().Round(0).UTC().Add(-2 * graceTime), Leases: make(map[string]lease), Uploads: make(map[string]int64)}, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	r, err := parseRecord(entry.Value)
	return r, entry.Version, err
}

// save stores a record in place of the one with a version.
func save(ctx context.Context, state tranship.StateStore, r *record, version string) error {
	key := recordKey(r.Name)
	if r.isEmpty() {
		if version == "" {
			return nil
		}
		return state.RemoveState(ctx, key, version)
	}
	value, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding the record of a quota: %w", err)
	}
	_, err = state.SwapState(ctx, tranship.StateEntry{Key: key, Value: value, Version: version})
	return err
}
