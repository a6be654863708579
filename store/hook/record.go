package hook

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

const (
	// recordPrefix is the first segment of the keys of records: they are
	// hooks/NAME/TIME-SERVER, where TIME has 16 hexadecimal digits.
	recordPrefix = "hooks/"
	timeDigits   = 16
	// plainBytes is up to which size a record is not compressed, and maxRecordBytes how many
	// bytes a record that is not compressed may have.
	plainBytes     = 1 << 10
	maxRecordBytes = 1 << 20
	compressedMark = 'z'
)

// record is what the outbox keeps of one call: the changes that it makes.
type record struct {
	// Server is the id of the server that makes the changes. It is "" once they were made.
	Server string  `json:"s,omitempty"`
	Events []Event `json:"e"`
}

// encode returns the value of a record.
func (r record) encode() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil || len(text) <= plainBytes {
		return text, err
	}
	var compressed bytes.Buffer
	compressed.WriteByte(compressedMark)
	w, err := flate.NewWriter(&compressed, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return compressed.Bytes(), err
}

// decodeRecord decodes the value of a key.
func decodeRecord(key string, value []byte) (record, error) {
	var r record
	at, suffix, err := parseKey(key)
	if err != nil {
		return r, err
	}
	if len(value) > 0 && value[0] == compressedMark {
		text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(value[1:])), maxRecordBytes+1))
		if err != nil {
			return r, err
		}
		if len(text) > maxRecordBytes {
			return r, errors.New("it is too long")
		}
		value = text
	}
	if err := json.Unmarshal(value, &r); err != nil {
		return r, err
	}
	for i := range r.Events {
		event := &r.Events[i]
		if event.Kind < AfterCommit || event.Kind > AfterMove || tranship.ValidatePath(event.Path) != nil || event.Size < 0 || event.Index < 0 {
			return record{}, errors.New("an event is not one of a server")
		}
		event.identify(suffix, at)
	}
	return r, nil
}

// identify sets what the event has of the key of its record.
func (e *Event) identify(suffix string, at time.Time) {
	e.ID, e.Time = suffix+"-"+strconv.Itoa(e.Index), at
}

// recordKey returns the key of a record.
func recordKey(hook string, at int64, server string) string {
	return fmt.Sprintf("%s%s/%0*x-%s", recordPrefix, hook, timeDigits, at, server)
}

// parseKey returns the time of a key of a record, and its last segment.
func parseKey(key string) (at time.Time, suffix string, err error) {
	suffix = key[strings.LastIndexByte(key, '/')+1:]
	digits, _, ok := strings.Cut(suffix, "-")
	if !ok || len(digits) != timeDigits {
		return at, "", errors.New("its key is not one of a server")
	}
	nanoseconds, err := strconv.ParseInt(digits, 16, 64)
	if err != nil {
		return at, "", err
	}
	return time.Unix(0, nanoseconds).UTC(), suffix, nil
}

// split returns the records whose values fit into the state of a store: one if possible. Each has
// at least one event.
func (r record) split() (parts []record, values [][]byte, err error) {
	value, err := r.encode()
	switch {
	case err != nil:
		return nil, nil, err
	case len(value) <= tranship.MaxStateBytes-settledBytes*len(r.Events):
		return []record{r}, [][]byte{value}, nil
	case len(r.Events) == 1:
		return nil, nil, fmt.Errorf("an event of %d bytes does not fit into the outbox", len(value))
	}
	middle := len(r.Events) / 2
	for _, half := range [][]Event{r.Events[:middle], r.Events[middle:]} {
		more, encoded, err := record{r.Server, half}.split()
		if err != nil {
			return nil, nil, err
		}
		parts, values = append(parts, more...), append(values, encoded...)
	}
	return parts, values, nil
}

// settledBytes is by how many bytes an event grows when the change was made: its version, its
// checksum and its times are known then.
const settledBytes = 128
