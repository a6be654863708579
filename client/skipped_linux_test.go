package client_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/storetest"
)

// TestSkipped lists a directory on disk with files that a store cannot have, through a
// server, in several messages.
func TestSkipped(t *testing.T) {
	directory := t.TempDir()
	store, err := disk.Open(directory, disk.Options{Durability: tranship.DurabilityWritten})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	var paths []string
	var left []storetest.Left
	for i := range 400 {
		name := string([]rune{rune('a' + i/26), rune('a' + i%26)})
		if i%3 == 0 {
			link := "d/" + name + "\n"
			if err := os.MkdirAll(filepath.Join(directory, "d"), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("x", filepath.Join(directory, link)); err != nil {
				t.Fatal(err)
			}
			left = append(left, storetest.Left{Key: link, Is: tranship.ErrInvalid})
			continue
		}
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "d/" + name}, nil); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, "d/"+name)
	}
	if err := os.Symlink("x", filepath.Join(directory, "link\xff")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("x", filepath.Join(directory, "other")); err != nil {
		t.Fatal(err)
	}
	left = append(left, storetest.Left{Key: "link\xff", Is: tranship.ErrInvalid}, storetest.Left{Key: "other", Is: tranship.ErrUnsupported})
	storetest.TestSkipped(t, connect(t, audit.New(store, audit.NewLog(io.Discard, nil)), client.Options{}), paths, left)
}

// TestHostileSkipped sends invalid reports of skipped files.
func TestHostileSkipped(t *testing.T) {
	one := func(path string) *transhipv1.Skipped {
		return &transhipv1.Skipped{Path: []byte(path), Status: &transhipv1.Status{Code: int32(codes.Unavailable), Message: "later"}}
	}
	sum := func(path string) *transhipv1.ListEnd {
		return &transhipv1.ListEnd{SkippedCount: 1, SkippedCrc32C: tranship.CRC32C([]byte(path + "\x00"))}
	}
	longReason := one("d/x")
	longReason.Status.Message = strings.Repeat("x", 5000)
	for name, test := range map[string]struct {
		skipped *transhipv1.Skipped
		end     *transhipv1.ListEnd
		asked   bool
		want    error
	}{
		"good":           {one("d/x"), sum("d/x"), true, nil},
		"control":        {one("d/x\x1b[2J\xff"), sum("d/x\x1b[2J\xff"), true, nil},
		"not requested":  {one("d/x"), sum("d/x"), false, tranship.ErrIntegrity},
		"lost":           {nil, sum("d/x"), true, tranship.ErrIntegrity},
		"another":        {one("d/y"), sum("d/x"), true, tranship.ErrIntegrity},
		"without a sum":  {one("d/x"), &transhipv1.ListEnd{}, true, tranship.ErrIntegrity},
		"elsewhere":      {one("e/x"), sum("e/x"), true, tranship.ErrIntegrity},
		"the directory":  {one("d"), sum("d"), true, tranship.ErrIntegrity},
		"without a name": {one("d/"), sum("d/"), true, tranship.ErrIntegrity},
		"without a path": {one(""), sum(""), true, tranship.ErrIntegrity},
		"without reason": {&transhipv1.Skipped{Path: []byte("d/x")}, sum("d/x"), true, nil},
		"too long":       {one("d/" + strings.Repeat("x", tranship.MaxSkippedPathBytes)), sum("d/x"), true, tranship.ErrIntegrity},
		"a long reason":  {longReason, sum("d/x"), true, tranship.ErrIntegrity},
	} {
		server := &hostile{end: test.end}
		if test.skipped != nil {
			server.skipped = []*transhipv1.Skipped{test.skipped}
		}
		var got error
		reported := 0
		for _, err := range server.connect(t).List(t.Context(), tranship.ListOptions{Directory: "d", ReportSkipped: test.asked}) {
			if skipped, ok := errors.AsType[*tranship.SkippedError](err); ok {
				reported++
				if text := skipped.Error(); text == "" || strings.Contains(text, "\x1b") || strings.Contains(text, "\xff") {
					t.Errorf("%s: reads %q", name, text)
				}
				continue
			}
			got = err
		}
		if !errors.Is(got, test.want) || test.want == nil && reported != 1 {
			t.Errorf("%s: %v after %d reports, want %v", name, got, reported, test.want)
		}
	}
}
