package hook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/hook"
)

// refuseBad refuses the content "bad".
func refuseBad(_ context.Context, question hook.Question, content string) (hook.Answer, error) {
	if content == "bad" || question.Size == 666 || question.CRC32C != nil && *question.CRC32C == tranship.CRC32C([]byte("bad")) {
		return hook.Answer{Refuse: true, Reason: "it has\na virus"}, nil
	}
	return hook.Answer{}, nil
}

// TestRefusals checks that a hook is asked about each way for a file to become visible, and that
// nothing is visible that it refuses.
func TestRefusals(t *testing.T) {
	inner, c := newStore(), newCarrier()
	c.answer = refuseBad
	put(t, inner, "source", "bad")
	h := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "scan", Kinds: []hook.Kind{hook.BeforeCommit}, Prefix: "in", Carrier: c, Timeout: waitTime}}})
	store := h.Store(inner)
	ways := map[string]func(path, text string) error{
		"put": func(path, text string) error {
			_, err := store.Put(t.Context(), tranship.Spec{Path: path}, []byte(text))
			return err
		},
		"batch": func(path, text string) error {
			return tranship.PutBatch(t.Context(), store, []tranship.PutItem{{Spec: tranship.Spec{Path: path}, Data: []byte(text)}})[0].Err
		},
		"copy": func(path, text string) error {
			put(t, store, "source", text)
			_, err := store.Copy(t.Context(), "source", path, tranship.Precondition{})
			return err
		},
		"move": func(path, text string) error {
			put(t, store, "source", text)
			_, err := store.Move(t.Context(), "source", path, tranship.Precondition{})
			return err
		},
	}
	for name, way := range ways {
		err := way("in/"+name, "bad")
		if !errors.Is(err, tranship.ErrDenied) || !strings.Contains(err.Error(), "permission denied: the hook scan refuses in/"+name+": it has a virus") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := store.Stat(t.Context(), "in/"+name); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if err := way("in/"+name, "good"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := way("out/"+name, "bad"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := upload(t, store, "in/upload", strings.Repeat("x", 666)); !errors.Is(err, tranship.ErrDenied) {
		t.Errorf("upload: %v", err)
	}
	if _, err := store.Stat(t.Context(), "in/upload"); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("upload: %v", err)
	}
	if err := upload(t, store, "in/upload", "good"); err != nil {
		t.Errorf("upload: %v", err)
	}
	if stats := h.Stats()[0]; stats.Agreed != 5 || stats.Refused != 5 {
		t.Errorf("stats: %+v", stats)
	}
}

// TestContent checks that a hook with content gets that of puts, copies and moves, and is
// asked about an upload without it.
func TestContent(t *testing.T) {
	inner, c := newStore(), newCarrier()
	c.answer = func(_ context.Context, question hook.Question, content string) (hook.Answer, error) {
		return hook.Answer{Refuse: content != "good", Reason: fmt.Sprintf("%q", content)}, nil
	}
	put(t, inner, "good", "good")
	put(t, inner, "bad", "bad")
	h := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "scan", Kinds: []hook.Kind{hook.BeforeCommit}, Content: true, Carrier: c, Timeout: waitTime}}})
	store := h.Store(inner)
	put(t, store, "put", "good")
	if err := upload(t, store, "upload", "good"); !errors.Is(err, tranship.ErrDenied) || !strings.Contains(err.Error(), `""`) {
		t.Error(err)
	}
	for _, edit := range []func(context.Context, string, string, tranship.Precondition) (tranship.File, error){store.Copy, store.Move} {
		if _, err := edit(t.Context(), "bad", "x", tranship.Precondition{}); !errors.Is(err, tranship.ErrDenied) || !strings.Contains(err.Error(), `"bad"`) {
			t.Error(err)
		}
		if _, err := edit(t.Context(), "good", "y", tranship.Precondition{}); err != nil {
			t.Error(err)
		}
	}
}

// TestReplacedSource checks that what a hook has agreed to is what is copied.
func TestReplacedSource(t *testing.T) {
	inner, c := newStore(), newCarrier()
	put(t, inner, "source", "good")
	c.answer = func(context.Context, hook.Question, string) (hook.Answer, error) {
		put(t, inner, "source", "bad")
		return hook.Answer{}, nil
	}
	store := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "scan", Kinds: []hook.Kind{hook.BeforeCommit}, Carrier: c, Timeout: waitTime}}}).Store(inner)
	if _, err := store.Copy(t.Context(), "source", "copy", tranship.Precondition{}); !errors.Is(err, tranship.ErrPrecondition) {
		t.Error(err)
	}
	if _, err := store.Stat(t.Context(), "copy"); !errors.Is(err, tranship.ErrNotFound) {
		t.Error(err)
	}
}

// TestUnanswered checks what happens to files when a hook does not answer: only they wait, and
// they become visible only if the hook is open.
func TestUnanswered(t *testing.T) {
	for _, open := range []bool{false, true} {
		t.Run(fmt.Sprint("open=", open), func(t *testing.T) { unanswered(t, open) })
	}
}

func unanswered(t *testing.T, failOpen bool) {
	inner, c := newStore(), newCarrier()
	asked := make(chan struct{})
	c.answer = func(ctx context.Context, question hook.Question, _ string) (hook.Answer, error) {
		if question.Path == "slow" {
			close(asked)
			<-ctx.Done()
			return hook.Answer{}, ctx.Err()
		}
		return hook.Answer{}, nil
	}
	h := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "scan", Kinds: []hook.Kind{hook.BeforeCommit}, Carrier: c, FailOpen: failOpen, Timeout: 3 * time.Second}}})
	store := h.Store(inner)
	if _, ok := tranship.As[tranship.BatchPutter](store); ok {
		t.Error("a file would wait for another of its batch")
	}
	slow := make(chan error)
	go func() {
		_, err := store.Put(context.Background(), tranship.Spec{Path: "slow"}, nil)
		slow <- err
	}()
	<-asked
	put(t, store, "quick", "1")
	err := <-slow
	_, found := store.Stat(t.Context(), "slow")
	if failOpen && (err != nil || found != nil) || !failOpen && (!errors.Is(err, tranship.ErrUnavailable) || !errors.Is(found, tranship.ErrNotFound)) {
		t.Errorf("put: %v, stat: %v", err, found)
	}
	stats := h.Stats()[0]
	if stats.Unanswered != 1 || stats.Passed == 1 != failOpen || stats.Agreed != 1 {
		t.Errorf("stats: %+v", stats)
	}
}

// TestUnasked checks that an open hook lets no file pass that it was not asked about for a reason that
// clients can bring about: other questions, or a content that cannot be read.
func TestUnasked(t *testing.T) {
	inner, c := newStore(), newCarrier()
	put(t, inner, "source", "text")
	asked, answered := make(chan struct{}), make(chan struct{})
	c.answer = func(_ context.Context, question hook.Question, _ string) (hook.Answer, error) {
		if question.Path == "first" {
			close(asked)
			<-answered
		}
		return hook.Answer{}, nil
	}
	scan := hook.Hook{Name: "scan", Kinds: []hook.Kind{hook.BeforeCommit}, Carrier: c, FailOpen: true, Parallel: 1, Content: true, Timeout: 100 * time.Millisecond}
	first := make(chan error)
	store := open(t, inner, hook.Options{Hooks: []hook.Hook{scan}}).Store(inner)
	go func() {
		_, err := store.Put(context.Background(), tranship.Spec{Path: "first"}, nil)
		first <- err
	}()
	<-asked
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "second"}, nil); !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("behind another question: %v", err)
	}
	close(answered)
	if err := <-first; err != nil {
		t.Error(err)
	}
	scan.Timeout = waitTime
	unreadable := open(t, inner, hook.Options{Hooks: []hook.Hook{scan}}).Store(unreadable{inner})
	if _, err := unreadable.Copy(t.Context(), "source", "copy", tranship.Precondition{}); !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("a content that cannot be read: %v", err)
	}
	for _, path := range []string{"second", "copy"} {
		if _, err := inner.Stat(t.Context(), path); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// unreadable is a store whose files cannot be opened.
type unreadable struct{ tranship.Store }

func (u unreadable) Open(context.Context, string, tranship.OpenOptions) (tranship.Content, error) {
	return nil, errors.New("the disk is broken")
}

// TestForgotten checks that records of a hook that is gone are warned about, also if no hook is told of
// anything.
func TestForgotten(t *testing.T) {
	inner := newStore()
	kill(t, inner, true, hook.Options{Exclusive: true, Hooks: []hook.Hook{{Name: "gone", Kinds: events(), Carrier: newCarrier()}}}, "made")
	var log bytes.Buffer
	h, err := hook.Open(t.Context(), inner, hook.Options{
		Hooks: []hook.Hook{{Name: "scan", Kinds: []hook.Kind{hook.BeforeCommit}, Carrier: newCarrier()}}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil || !strings.Contains(log.String(), "gone") {
		t.Errorf("%v: %s", err, log.String())
	}
}

// TestCancelledQuestion checks that the end of a call ends its question.
func TestCancelledQuestion(t *testing.T) {
	inner, c := newStore(), newCarrier()
	ctx, cancel := context.WithCancel(t.Context())
	c.answer = func(asked context.Context, _ hook.Question, _ string) (hook.Answer, error) {
		cancel()
		<-asked.Done()
		return hook.Answer{}, asked.Err()
	}
	store := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "scan", Kinds: []hook.Kind{hook.BeforeCommit}, FailOpen: true, Carrier: c, Timeout: waitTime}}}).Store(inner)
	if _, err := store.Put(ctx, tranship.Spec{Path: "a"}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
