package retry_test

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/store/mem"
)

var (
	errAway    = fmt.Errorf("%w: away", tranship.ErrUnavailable)
	errRefused = failure.Mark(fmt.Errorf("%w: try again", tranship.ErrUnavailable), failure.Refused)
)

// faulty is a store whose calls fail by plan, before or after they take effect.
type faulty struct {
	*mem.Store

	mu sync.Mutex
	// before and after are the errors of the next calls of Stat, Remove, Move, Copy,
	// SetAttributes, FindUpload and AbortUpload together; nil means no error.
	before, after []error
	// between, if not nil, is called after each call that failed.
	between func()
	// lists has the number of entries after which each of the next lists fails.
	lists []int
	calls []string
}

func newFaulty() *faulty { return &faulty{Store: &mem.Store{}} }

// call runs do, and fails before or after it by plan.
func (f *faulty) call(name string, do func() error) error {
	f.mu.Lock()
	f.calls = append(f.calls, name)
	before, after := next(&f.before), next(&f.after)
	f.mu.Unlock()
	err := before
	if err == nil {
		err = do()
	}
	if after != nil {
		err = after
	}
	if (before != nil || after != nil) && f.between != nil {
		f.between()
	}
	return err
}

func next(errs *[]error) error {
	if len(*errs) == 0 {
		return nil
	}
	err := (*errs)[0]
	*errs = (*errs)[1:]
	return err
}

func (f *faulty) Stat(ctx context.Context, path string) (file tranship.File, err error) {
	err = f.call("Stat "+path, func() (err error) {
		file, err = f.Store.Stat(ctx, path)
		return err
	})
	return file, err
}

func (f *faulty) SetAttributes(ctx context.Context, path string, attributes tranship.Attributes, precondition tranship.Precondition) (file tranship.File, err error) {
	err = f.call("SetAttributes "+path, func() (err error) {
		file, err = f.Store.SetAttributes(ctx, path, attributes, precondition)
		return err
	})
	return file, err
}

func (f *faulty) Remove(ctx context.Context, path string, precondition tranship.Precondition) error {
	return f.call("Remove "+path, func() error { return f.Store.Remove(ctx, path, precondition) })
}

func (f *faulty) Move(ctx context.Context, source, destination string, precondition tranship.Precondition) (file tranship.File, err error) {
	err = f.call("Move "+source, func() (err error) {
		file, err = f.Store.Move(ctx, source, destination, precondition)
		return err
	})
	return file, err
}

func (f *faulty) Copy(ctx context.Context, source, destination string, precondition tranship.Precondition) (file tranship.File, err error) {
	err = f.call("Copy "+source, func() (err error) {
		file, err = f.Store.Copy(ctx, source, destination, precondition)
		return err
	})
	return file, err
}

func (f *faulty) FindUpload(ctx context.Context, id string) (info tranship.UploadInfo, err error) {
	err = f.call("FindUpload", func() (err error) {
		info, err = f.Store.FindUpload(ctx, id)
		return err
	})
	return info, err
}

func (f *faulty) AbortUpload(ctx context.Context, id string) error {
	return f.call("AbortUpload", func() error { return f.Store.AbortUpload(ctx, id) })
}

// cut returns the number of entries after which the next list fails; -1 means that it does
// not fail.
func (f *faulty) cut() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.lists) == 0 {
		return -1
	}
	n := f.lists[0]
	f.lists = f.lists[1:]
	return n
}

func (f *faulty) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return cutOff(f.Store.List(ctx, options), f.cut())
}

func (f *faulty) ListUploads(ctx context.Context, directory string) iter.Seq2[tranship.UploadInfo, error] {
	return cutOff(f.Store.ListUploads(ctx, directory), f.cut())
}

func cutOff[T any](list iter.Seq2[T, error], after int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		n := 0
		for entry, err := range list {
			if n == after {
				break
			}
			if !yield(entry, err) {
				return
			}
			n++
		}
		if n == after {
			var none T
			yield(none, errAway)
		}
	}
}

// put stores a file.
func (f *faulty) put(ctx context.Context, path, content string) tranship.File {
	file, err := f.Store.Put(ctx, tranship.Spec{Path: path}, []byte(content))
	if err != nil {
		panic(err)
	}
	return file
}
