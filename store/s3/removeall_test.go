package s3_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

func TestTreeRemover(t *testing.T) { storetest.TestTreeRemover(t, openEmpty) }

// TestRemoveAllRequests removes trees from engines that remove many objects at once, some of them, or
// none.
func TestRemoveAllRequests(t *testing.T) {
	names := func(n int) []string {
		all := []string{"d/line\u2028break", "d/a&b<c>\"'", "d/\U0001f600", "d/ space "}
		for i := range n {
			all = append(all, fmt.Sprint("d/x/", i))
		}
		return all
	}
	for _, test := range []struct {
		name    string
		options fakes3.Options
		fault   fakes3.Fault
		// together and alone are how many requests of each kind remove 1,104 files.
		together, alone int
	}{
		{name: "all", together: 2, alone: 1},
		{name: "some", options: fakes3.Options{KeepObject: func(key string) bool { return strings.HasSuffix(key, "7") }}, together: 2, alone: 111},
		{name: "none", fault: fakes3.Fault{Operation: "DeleteObjects", Status: http.StatusNotImplemented, Code: "NotImplemented"}, together: 1, alone: 1104},
		{name: "lost reply", fault: fakes3.Fault{Operation: "DeleteObjects", Times: 1, Done: true}, together: 3, alone: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(test.options)
				store := near(t, engine, s3.Options{})
				for _, name := range append(names(1100), "d.kept", "dd/kept") {
					if _, err := store.Put(t.Context(), tranship.Spec{Path: name}, nil); err != nil {
						t.Fatal(err)
					}
				}
				before := engine.Requests()
				if test.fault.Operation != "" {
					engine.Inject(test.fault)
				}
				reported := 0
				removed, err := store.RemoveAll(t.Context(), "d", tranship.RemoveAllOptions{Progress: func(string) { reported++ }})
				if err != nil || removed != 1104 || reported != 1104 {
					t.Errorf("RemoveAll has removed %d files, and reported %d: %v", removed, reported, err)
				}
				after := engine.Requests()
				if together, alone := after["DeleteObjects"]-before["DeleteObjects"], after["DeleteObject"]-before["DeleteObject"]; together != test.together || alone != test.alone {
					t.Errorf("%d requests for many files, and %d for one; want %d and %d", together, alone, test.together, test.alone)
				}
				var left []string
				for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
					if err != nil {
						t.Fatal(err)
					}
					left = append(left, entry.Path)
				}
				if strings.Join(left, " ") != "d.kept dd/kept" {
					t.Errorf("what is left: %q", left)
				}
			})
		})
	}
}

// TestRemoveAllDenied removes a tree from an engine that denies it.
func TestRemoveAllDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{})
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "d/file"}, nil); err != nil {
			t.Fatal(err)
		}
		for _, operation := range []string{"DeleteObjects", "DeleteObject"} {
			engine.Inject(fakes3.Fault{Operation: operation, Status: http.StatusForbidden, Code: "AccessDenied"})
		}
		if removed, err := store.RemoveAll(t.Context(), "d", tranship.RemoveAllOptions{}); removed != 0 || !errors.Is(err, tranship.ErrDenied) {
			t.Errorf("RemoveAll: %d, %v; want ErrDenied", removed, err)
		}
		has(t, store, "d/file", nil)
	})
}
