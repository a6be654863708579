package main

import (
	"context"
	"errors"
	"log"
	"path"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	hooksv1 "github.com/tranship/tranship/proto/tranship/hooks/v1"
)

// scanner implements HookService.
type scanner struct {
	hooksv1.UnimplementedHookServiceServer
	clamd, server, quarantine string
}

// isQuarantine reports whether a file is in quarantine.
func (s *scanner) isQuarantine(path string) bool { return strings.HasPrefix(path, s.quarantine+"/") }

// BeforeCommit implements HookService.
func (s *scanner) BeforeCommit(stream grpc.ClientStreamingServer[hooksv1.BeforeCommitRequest, hooksv1.BeforeCommitResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	question := first.GetQuestion()
	if question == nil {
		return status.Error(codes.InvalidArgument, "the first message must have the question")
	}
	// Without its content, the file is scanned when Deliver is told of it.
	if !question.GetContentFollows() || s.isQuarantine(question.GetPath()) {
		return stream.SendAndClose(&hooksv1.BeforeCommitResponse{})
	}
	virus, err := scan(stream.Context(), s.clamd, &contentReader{stream: stream})
	if err != nil {
		log.Printf("%s was not scanned: %v", question.GetPath(), err)
		return status.Error(codes.Unavailable, "clamd does not scan")
	}
	if virus != "" {
		return stream.SendAndClose(&hooksv1.BeforeCommitResponse{Refuse: true, Reason: "it has the virus " + virus})
	}
	return stream.SendAndClose(&hooksv1.BeforeCommitResponse{})
}

// contentReader reads the content that follows a question.
type contentReader struct {
	stream grpc.ClientStreamingServer[hooksv1.BeforeCommitRequest, hooksv1.BeforeCommitResponse]
	rest   []byte
}

// Read implements io.Reader.
func (r *contentReader) Read(buffer []byte) (int, error) {
	for len(r.rest) == 0 {
		next, err := r.stream.Recv()
		if err != nil {
			return 0, err // io.EOF at the end of the content
		}
		r.rest = next.GetContent()
	}
	n := copy(buffer, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Deliver implements HookService. If a file cannot be scanned, the server delivers the events again.
func (s *scanner) Deliver(ctx context.Context, request *hooksv1.DeliverRequest) (*hooksv1.DeliverResponse, error) {
	files, err := client.Dial(ctx, s.server, client.Options{})
	if err != nil {
		return nil, err
	}
	defer files.Close()
	for _, event := range request.GetEvents() {
		if event.GetKind() != hooksv1.EventKind_EVENT_KIND_AFTER_COMMIT || s.isQuarantine(event.GetPath()) {
			continue
		}
		if err := s.inspect(ctx, files, event.GetPath()); err != nil {
			log.Printf("%s was not scanned: %v", event.GetPath(), err)
			return nil, status.Error(codes.Unavailable, "the file was not scanned")
		}
	}
	return &hooksv1.DeliverResponse{}, nil
}

// inspect scans a file, and moves it to the quarantine if clamd finds something. A file that is gone
// or was replaced needs nothing: another event is about that.
func (s *scanner) inspect(ctx context.Context, files *client.Client, name string) error {
	content, err := files.Open(ctx, name, tranship.OpenOptions{})
	if errors.Is(err, tranship.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer content.Close()
	virus, err := scan(ctx, s.clamd, content)
	if err != nil || virus == "" {
		return err
	}
	version := content.File().Version
	to := path.Join(s.quarantine, version, path.Base(name))
	log.Printf("%s has the virus %s: moving it to %s", name, virus, to)
	_, err = files.Move(ctx, name, to, tranship.Precondition{MustMatchSourceVersion: version})
	if errors.Is(err, tranship.ErrNotFound) || errors.Is(err, tranship.ErrPrecondition) {
		return nil
	}
	return err
}
