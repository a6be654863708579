package quota_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/quota"
)

// as returns the context of a caller.
func as(t testing.TB, name string) context.Context {
	return access.NewContext(t.Context(), access.Principal{Name: name})
}

// put puts a file of size bytes.
func put(ctx context.Context, store tranship.Writer, path string, size int) error {
	_, err := store.Put(ctx, tranship.Spec{Path: path}, make([]byte, size))
	return err
}

// begin begins an upload of size bytes; less than 0 means an unknown size.
func begin(ctx context.Context, store tranship.Writer, path string, size int64, key string) (tranship.Upload, error) {
	spec := tranship.Spec{Path: path, ResumeKey: key}
	if size >= 0 {
		spec.Size = &size
	}
	return store.Begin(ctx, spec)
}

// write writes part 0.
func write(ctx context.Context, upload tranship.Upload, size int) error {
	part, err := upload.Part(ctx, 0)
	if err != nil {
		return err
	}
	_, err = part.Write(make([]byte, size))
	return errors.Join(err, part.Close())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks that err is want, and that it names a limit.
func refused(t testing.TB, err, want error, names tranship.Limit) {
	t.Helper()
	over, ok := errors.AsType[*tranship.LimitError](err)
	if names == "" && !ok && errors.Is(err, want) {
		return
	}
	if !errors.Is(err, want) || !ok || over.Limit != names || over.Allowed == 0 || over.Asked <= over.Allowed {
		t.Errorf("got %v, want %v of the limit %s", err, want, names)
	}
}

// has checks the usage of a principal.
func has(t testing.TB, store *quota.Store, name string, want quota.Usage) {
	t.Helper()
	if got := store.Usage(name); got != want {
		t.Errorf("%s has %v, want %v", name, got, want)
	}
}

func mustPart(t *testing.T, upload tranship.Upload) tranship.PartWriter {
	t.Helper()
	part, err := upload.Part(t.Context(), 0)
	must(t, err)
	return part
}
