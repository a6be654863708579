package hook

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// TestRecordSplit checks that large records are divided, that all parts fit into the state of a
// store, and that they have all events.
func TestRecordSplit(t *testing.T) {
	var events []Event
	for i := range 300 {
		path := strings.Repeat(fmt.Sprintf("%c<&>", 'a'+i%26), 60)
		events = append(events, Event{Kind: AfterCommit, Path: fmt.Sprint(path, "/", i), Size: int64(i), CRC32C: new(uint32(i)), Index: i, Principal: "ann"})
	}
	parts, values, err := record{"server", events}.split()
	if err != nil || len(parts) < 2 {
		t.Fatalf("%d parts: %v", len(parts), err)
	}
	var got []Event
	for i, value := range values {
		if len(value) > tranship.MaxStateBytes {
			t.Errorf("a value of %d bytes", len(value))
		}
		decoded, err := decodeRecord(recordKey("hook", 1, "server"), value)
		if err != nil {
			t.Fatal(err)
		}
		if len(decoded.Events) != len(parts[i].Events) || decoded.Server != "server" {
			t.Errorf("%d events of %d from %q", len(decoded.Events), len(parts[i].Events), decoded.Server)
		}
		got = append(got, decoded.Events...)
	}
	for i := range got {
		events[i].identify(fmt.Sprintf("%016x-server", 1), time.Unix(0, 1).UTC())
		if !reflect.DeepEqual(got[i], events[i]) {
			t.Fatalf("%+v, want %+v", got[i], events[i])
		}
	}
}

// FuzzRecord checks that no value in the state of a store makes a server fail.
func FuzzRecord(f *testing.F) {
	key := recordKey("hook", 1, "server")
	for _, n := range []int{1, 50} {
		var r record
		for i := range n {
			r.Events = append(r.Events, Event{Kind: AfterMove, Path: fmt.Sprint("path/", i), Source: "source", ModTime: time.Unix(1, 0)})
		}
		value, err := r.encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(key, value)
	}
	f.Add("hooks/a/b", []byte("{}"))
	f.Add(key, []byte("z"))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		r, err := decodeRecord(key, value)
		if err != nil {
			return
		}
		for _, event := range r.Events {
			if event.Kind.String() == "unknown" || event.ID == "" || len(event.paths()) == 0 {
				t.Errorf("%+v", event)
			}
		}
	})
}
