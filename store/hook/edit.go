package hook

import (
	"context"
	"io"

	"github.com/tranship/tranship"
)

// Remove implements tranship.Editor.
func (s *store) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	event := Event{Kind: AfterDelete, Path: path}
	remove := func() (tranship.File, error) { return tranship.File{}, s.Store.Remove(ctx, path, precondition) }
	if !s.hooks.tells(event) {
		_, err := remove()
		return err
	}
	unlock, err := s.hooks.locks.Lock(ctx, event.paths()...)
	if err != nil {
		return err
	}
	defer unlock()
	file, err := s.Store.Stat(ctx, path)
	if err != nil {
		return err
	}
	event.describe(file)
	_, err = s.tellLocked(ctx, event, remove)
	return err
}

// RemoveAll implements tranship.TreeRemover. Files that hooks are told of are removed one by one.
func (s *store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (int64, error) {
	if tranship.ValidatePath(directory) == nil {
		for _, t := range s.hooks.targets {
			if t.has(AfterDelete) && (isWithin(t.Prefix, directory) || isWithin(directory, t.Prefix)) {
				return tranship.RemoveEach(ctx, s, directory, options)
			}
		}
	}
	return tranship.RemoveAll(ctx, s.Store, directory, options)
}

// Move implements tranship.Editor.
func (s *store) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return s.edit(ctx, edit{
		question:     Question{Operation: OperationMove, Path: destination, Source: source},
		event:        Event{Kind: AfterMove, Path: destination, Source: source},
		precondition: precondition, make: s.Store.Move,
	})
}

// Copy implements tranship.Editor.
func (s *store) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	return s.edit(ctx, edit{
		question:     Question{Operation: OperationCopy, Path: destination, Source: source},
		event:        Event{Kind: AfterCommit, Path: destination, Source: source},
		precondition: precondition, make: s.Store.Copy,
	})
}

// edit is a copy or a move.
type edit struct {
	question     Question
	event        Event
	precondition tranship.Precondition
	make         func(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error)
}

// edit asks and tells the hooks about a copy or a move. What a hook was asked about is what is
// copied or moved: if the source is replaced meanwhile, the change fails.
func (s *store) edit(ctx context.Context, e edit) (tranship.File, error) {
	source, destination := e.question.Source, e.question.Path
	run := func() (tranship.File, error) { return e.make(ctx, source, destination, e.precondition) }
	asks := s.hooks.asksAbout(destination)
	if source == destination || tranship.ValidatePath(destination) != nil || !asks && !s.hooks.tells(e.event) {
		return run()
	}
	file, err := s.Store.Stat(ctx, source)
	if err != nil {
		return tranship.File{}, err // also if the source has appeared since: no hook was asked
	}
	e.event.Size, e.event.CRC32C = file.Size, file.CRC32C
	if asks {
		e.question.Size, e.question.CRC32C = file.Size, file.CRC32C
		content := func(ctx context.Context) (io.ReadCloser, error) {
			return s.Store.Open(ctx, source, tranship.OpenOptions{Version: file.Version})
		}
		if err := s.hooks.ask(ctx, e.question, content); err != nil {
			return tranship.File{}, err
		}
		if e.precondition.MustMatchSourceVersion == "" {
			e.precondition.MustMatchSourceVersion = file.Version
		}
	}
	return s.tell(ctx, e.event, run)
}

// asksAbout reports whether a hook is asked about a path.
func (h *Hooks) asksAbout(path string) bool {
	for _, t := range h.targets {
		if t.selects(BeforeCommit, path) {
			return true
		}
	}
	return false
}
