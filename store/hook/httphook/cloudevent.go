package httphook

import (
	"time"

	"github.com/tranship/tranship/store/hook"
)

// The content types of requests.
const (
	typeOfEvent = "application/cloudevents+json; charset=utf-8"
	typeOfBatch = "application/cloudevents-batch+json; charset=utf-8"
)

// cloudEvent is an event of CloudEvents 1.0 in JSON.
type cloudEvent struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject"`
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Data        data      `json:"data"`
}

// data is the data of a question or an event.
type data struct {
	Operation    string    `json:"operation,omitempty"`
	Path         string    `json:"path"`
	Source       string    `json:"source_path,omitempty"`
	Size         int64     `json:"size"`
	Version      string    `json:"version,omitempty"`
	CRC32C       *uint32   `json:"crc32c,omitempty"`
	ModifiedTime time.Time `json:"modified_time,omitzero"`
	Principal    string    `json:"principal,omitempty"`
	Link         string    `json:"link,omitempty"`
}

// event returns an event without its data.
func (c *Carrier) event(id string, kind hook.Kind, at time.Time, path string) cloudEvent {
	return cloudEvent{
		SpecVersion: "1.0", ID: id, Source: c.options.Source, Type: "tranship." + kind.String() + ".v1",
		Subject: path, Time: at, ContentType: "application/json",
	}
}
