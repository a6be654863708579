package grpchook

import (
	"github.com/tranship/tranship"
	hooksv1 "github.com/tranship/tranship/proto/tranship/hooks/v1"
	"github.com/tranship/tranship/store/hook"
)

func questionToProto(q hook.Question) *hooksv1.Question {
	operation := hooksv1.Operation_OPERATION_UPLOAD
	switch q.Operation {
	case hook.OperationCopy:
		operation = hooksv1.Operation_OPERATION_COPY
	case hook.OperationMove:
		operation = hooksv1.Operation_OPERATION_MOVE
	}
	return &hooksv1.Question{
		Id: q.ID, Time: timestamp(q.Time), Operation: operation, Path: q.Path, Source: q.Source,
		Size: q.Size, Crc32C: q.CRC32C, Principal: q.Principal, Link: q.Link, ContentFollows: q.Content != nil,
	}
}

func eventToProto(e hook.Event) *hooksv1.Event {
	kind := hooksv1.EventKind_EVENT_KIND_AFTER_COMMIT
	switch e.Kind {
	case hook.AfterDelete:
		kind = hooksv1.EventKind_EVENT_KIND_AFTER_DELETE
	case hook.AfterMove:
		kind = hooksv1.EventKind_EVENT_KIND_AFTER_MOVE
	}
	return &hooksv1.Event{
		Id: e.ID, Kind: kind, Time: timestamp(e.Time), Path: e.Path, Source: e.Source, Size: e.Size,
		Version: e.Version, Crc32C: e.CRC32C, ModifiedTime: timestamp(e.ModTime), Principal: e.Principal, Link: e.Link,
	}
}

// refusalKind returns the kind of an Answer.
func refusalKind(kind hooksv1.RefusalKind) error {
	switch kind {
	case hooksv1.RefusalKind_REFUSAL_KIND_INVALID:
		return tranship.ErrInvalid
	case hooksv1.RefusalKind_REFUSAL_KIND_QUOTA:
		return tranship.ErrQuota
	case hooksv1.RefusalKind_REFUSAL_KIND_UNAVAILABLE:
		return tranship.ErrUnavailable
	}
	return tranship.ErrDenied
}
