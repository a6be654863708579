package telemetry

import (
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tranship/tranship/store/tracing"
)

const (
	// fileSample is of how many files of a batch that succeeded one has a span, the first of them
	// always. All files of a batch begin and end together, so that such a span has nothing new but a
	// path and a size.
	fileSample = 64
	// maxFailed is how many files of a batch that failed have spans.
	maxFailed = 16
)

// endFiles makes the spans of the files of a batch that has ended: of those that failed, and of
// a sample of the others. It returns the first error.
func (s *operationSpan) endFiles(files []tracing.FileResult) (first error) {
	name := tracing.Upload.String()
	if s.operation.Kind == tracing.DownloadBatch {
		name = tracing.Download.String()
	}
	var begun time.Time
	if recorded, ok := s.span.(sdktrace.ReadOnlySpan); ok {
		begun = recorded.StartTime()
	}
	failed, succeeded := 0, 0
	for _, file := range files {
		count, wanted := &succeeded, succeeded%fileSample == 0
		if file.Err != nil {
			count, wanted = &failed, failed < maxFailed
			if first == nil {
				first = file.Err
			}
		}
		*count++
		if !wanted {
			continue
		}
		_, span := s.tracer.tracer.Start(s.ctx, name, trace.WithTimestamp(begun), trace.WithSpanKind(trace.SpanKindInternal),
			trace.WithAttributes(attrPath.String(file.Path), attrBytes.Int64(file.Bytes)))
		setError(span, file.Err)
		span.End()
	}
	s.span.SetAttributes(attrFiles.Int(len(files)))
	if failed > 0 {
		s.span.SetAttributes(attrFailed.Int(failed))
	}
	return first
}
