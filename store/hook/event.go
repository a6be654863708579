package hook

import (
	"time"

	"github.com/tranship/tranship"
)

// Event is a change of a store. Its JSON is what the outbox keeps.
type Event struct {
	// ID identifies the event: it is the same if the event is delivered again.
	ID string `json:"-"`
	// Index is its number among the events of its record.
	Index int `json:"i,omitempty"`
	// Kind is AfterCommit, AfterDelete or AfterMove.
	Kind Kind `json:"k"`
	// Time is when the server began to make the change.
	Time time.Time `json:"-"`
	// Path is the path of the file, after a move the new one. Source is the path that it was
	// copied or moved from; "" for none.
	Path   string `json:"p"`
	Source string `json:"f,omitempty"`
	// Size, Version, CRC32C and ModTime describe the file; of a file that was removed, as it
	// was before. CRC32C is nil if the store does not know it.
	Size    int64     `json:"n"`
	Version string    `json:"v,omitempty"`
	CRC32C  *uint32   `json:"c,omitempty"`
	ModTime time.Time `json:"m,omitzero"`
	// Principal is the name of the caller; "" for an anonymous one.
	Principal string `json:"u,omitempty"`
	// Link is the id of the sharing link that the caller has used; "" for none.
	Link string `json:"l,omitempty"`

	// unsure means that it is not known whether the change was made.
	unsure bool
}

// describe sets what the event has of a file.
func (e *Event) describe(file tranship.File) {
	e.Size, e.Version, e.CRC32C, e.ModTime = file.Size, file.Version, file.CRC32C, file.ModTime.UTC()
}

// matches reports whether a file can be that of the event: the same size and, if both are known,
// the same checksum.
func (e *Event) matches(file tranship.File) bool {
	return e.Size == file.Size && (e.CRC32C == nil || file.CRC32C == nil || *e.CRC32C == *file.CRC32C)
}

// paths returns the paths that the event is about.
func (e *Event) paths() []string {
	if e.Kind == AfterMove {
		return []string{e.Source, e.Path}
	}
	return []string{e.Path}
}
