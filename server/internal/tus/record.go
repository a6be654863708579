package tus

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

const (
	// maxKept is how long an upload without a new piece has its record if its store does not say
	// how long it keeps the upload.
	maxKept = 30 * 24 * time.Hour
	// rememberedTime is how long a store remembers a commit.
	rememberedTime = 24 * time.Hour
)

// record is what is known of the upload at a URL. Its fields are those of the upload's spec, but for
// the following.
type record struct {
	// Upload is the id of the upload in the store.
	Upload string `json:"upload"`
	// Header is Upload-Metadata as the client has sent it.
	Header string `json:"header,omitempty"`
	// Kept is how long the store keeps the upload without a new piece; 0 if that is not known.
	Kept time.Duration `json:"kept,omitempty"`

	// Link is the id of the sharing link with which the upload was created; "" for none.
	Link string `json:"link,omitempty"`

	Path         string            `json:"path"`
	Owner        string            `json:"owner,omitempty"`
	Size         int64             `json:"size"`
	CRC32C       *uint32           `json:"crc32c,omitempty"`
	Modified     *time.Time        `json:"modified,omitempty"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	MustNotExist bool              `json:"must_not_exist,omitempty"`
	MustMatch    string            `json:"must_match,omitempty"`
}

// newRecord returns the record of an upload with a spec.
func newRecord(spec tranship.Spec, header string) record {
	return record{
		Header: header, Path: spec.Path, Owner: spec.Owner, Size: *spec.Size, CRC32C: spec.CRC32C,
		Modified: spec.Attributes.ModTime, Metadata: spec.Attributes.Metadata,
		MustNotExist: spec.Precondition.MustNotExist, MustMatch: spec.Precondition.MustMatchVersion,
	}
}

// spec returns the spec of the upload with an id.
func (r record) spec(id string, durability tranship.Durability) tranship.Spec {
	return tranship.Spec{
		Path: r.Path, Size: &r.Size, Owner: r.Owner, ResumeKey: "tus/" + id, Durability: durability, CRC32C: r.CRC32C,
		Attributes:   tranship.Attributes{ModTime: r.Modified, Metadata: r.Metadata},
		Precondition: tranship.Precondition{MustNotExist: r.MustNotExist, MustMatchVersion: r.MustMatch},
	}
}

// records are the records of all uploads, by the ids in their URLs.
type records struct{ state tranship.StateStore }

// newID returns an id that cannot be guessed.
func newID() string { return strings.ToLower(rand.Text() + rand.Text()[:6]) }

// idBytes is the length of an id.
const idBytes = 32

// keyOf returns the key of a record.
func keyOf(id string) string { return "tus/" + id }

// entry is a record that was read.
type entry struct {
	record
	id, version string
	expires     time.Time
}

// get returns the record of an upload of the caller.
func (s records) get(ctx context.Context, id string) (*entry, error) {
	if s.state == nil {
		return nil, withoutState()
	}
	if len(id) != idBytes || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return nil, noUpload()
	}
	found, err := s.state.GetState(ctx, keyOf(id))
	if errors.Is(err, tranship.ErrNotFound) {
		return nil, noUpload()
	}
	if err != nil {
		return nil, err
	}
	e := &entry{id: id, version: found.Version, expires: found.Expires}
	if err := json.Unmarshal(found.Value, &e.record); err != nil {
		return nil, fmt.Errorf("the state of an upload is damaged: %w", err)
	}
	if e.Owner != access.FromContext(ctx).Name || e.Link != linkOf(ctx) {
		return nil, noUpload()
	}
	return e, nil
}

// put stores a record, new or changed, for as long as it may be of use from now on.
func (s records) put(ctx context.Context, e *entry) error {
	if s.state == nil {
		return withoutState()
	}
	value, err := json.Marshal(e.record)
	if err != nil {
		return err
	}
	expires := time.Now().Add(e.lifetime())
	version, err := s.state.SwapState(ctx, tranship.StateEntry{Key: keyOf(e.id), Value: value, Version: e.version, Expires: expires})
	if err == nil {
		e.version, e.expires = version, expires
	}
	return err
}

// idRoom is at least how many bytes the id of an upload in the store takes in a record.
const idRoom = 512

// checkRoom returns an error if the state of a store has no room for the record. Only the metadata of the
// client can be that long.
func (r record) checkRoom() error {
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if over := len(value) + idRoom - tranship.MaxStateBytes; over > 0 {
		return httpadmission.WithStatus(
			&tranship.InvalidError{Field: metadataHeader, Rule: fmt.Sprintf("its keys and values are too long by %d bytes", over)},
			http.StatusRequestHeaderFieldsTooLarge)
	}
	return nil
}

// lifetime is how long a record is of use after the newest piece.
func (r record) lifetime() time.Duration {
	if r.Kept == 0 {
		return maxKept
	}
	return r.Kept + rememberedTime
}

// renew makes a record live longer, unless that was done a short time ago.
func (s records) renew(ctx context.Context, e *entry) error {
	if time.Until(e.expires) > e.lifetime()-rememberedTime/2 {
		return nil
	}
	err := s.put(ctx, e)
	if errors.Is(err, tranship.ErrPrecondition) { // another server has done it
		return nil
	}
	return err
}

// remove removes a record.
func (s records) remove(ctx context.Context, e *entry) error {
	err := s.state.RemoveState(ctx, keyOf(e.id), e.version)
	if errors.Is(err, tranship.ErrPrecondition) { // it is gone, or was renewed and will expire
		return nil
	}
	return err
}

// noUpload is the error for an id that is none of an upload of the caller.
func noUpload() error {
	return fmt.Errorf("%w: the upload does not exist, or has ended", tranship.ErrNotFound)
}

// gone is the error for an upload that was removed.
func gone() error { return httpadmission.WithStatus(noUpload(), http.StatusGone) }

func withoutState() error {
	return fmt.Errorf("%w: the store of the server cannot keep what uploads in pieces need", tranship.ErrUnsupported)
}
