package filesrv

import (
	"context"
	"errors"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	"github.com/tranship/tranship/server/internal/running"
)

// DownloadFile implements the method of the protocol, in the revision that the
// client speaks.
func (s *Service) DownloadFile(header *filesrvv1.FileHeader, stream downloadStream) error {
	ctx, path, start := stream.Context(), header.GetFilename()+header.GetExtension(), time.Now()
	if path == "" {
		return status.Error(codes.InvalidArgument, "a header has neither filename nor extension")
	}
	revision, err := s.agree(stream)
	if err != nil {
		return err
	}
	find, out := finder(literal), sender(senderV1{stream})
	if revision == 2 {
		find, out = match, senderV2{stream}
	}
	found := false
	var unread error // the first file that could not be opened
	for name, err := range find(ctx, s.store, path) {
		if err != nil {
			s.log.Transfer(ctx, compat.Download, path, 0, start, err)
			return compat.StatusError(path, err)
		}
		opened, err := s.send(ctx, name, out)
		switch {
		// Nothing of it was sent: the others can be, before the call fails.
		case errors.Is(err, tranship.ErrDenied) && !opened:
			if unread == nil {
				unread = compat.StatusError(name, err)
			}
			continue
		case err != nil:
			return compat.StatusError(name, err)
		}
		found = found || opened
	}
	if unread != nil {
		return unread
	}
	if !found {
		err := status.Error(codes.InvalidArgument, "Invalid filepath: "+path)
		s.log.Transfer(ctx, compat.Download, path, 0, start, err)
		return err
	}
	return nil
}

// agree decides the revision of a call, and tells the client when it is not the
// first or the client asked.
func (s *Service) agree(stream downloadStream) (revision int, err error) {
	revision = s.options.Revision
	incoming, _ := metadata.FromIncomingContext(stream.Context())
	asked := incoming.Get(compat.RevisionKey)
	if len(asked) > 0 {
		revision, err = strconv.Atoi(asked[0])
		if err != nil || len(asked) > 1 || revision != 1 && revision != 2 {
			return 0, status.Errorf(codes.InvalidArgument, "request metadata %s must be 1 or 2, once", compat.RevisionKey)
		}
	}
	if len(asked) > 0 || revision == 2 {
		err = stream.SetHeader(metadata.Pairs(compat.RevisionKey, strconv.Itoa(revision)))
	}
	return revision, err
}

// send sends a file; opened is false when there is none.
func (s *Service) send(ctx context.Context, path string, out sender) (opened bool, err error) {
	start := time.Now()
	content, err := s.store.Open(ctx, path, tranship.OpenOptions{})
	switch {
	case errors.Is(err, tranship.ErrNotFound):
		return false, nil
	case err != nil:
		s.log.Transfer(ctx, compat.Download, path, 0, start, err)
		return false, err
	}
	defer content.Close()
	size := content.File().Size
	ctx, transfer := s.options.Running.Begin(ctx, running.Subject{Direction: running.Download, Path: path, Size: &size})
	defer transfer.End()
	sent, err := s.transmit(ctx, content, transfer, out)
	s.log.Transfer(ctx, compat.Download, path, sent, start, err)
	return true, err
}
