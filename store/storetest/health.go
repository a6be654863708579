package storetest

import (
	"sync"
	"testing"

	"github.com/tranship/tranship"
)

// TestHealthChecker tests the tranship.HealthChecker of a store whose calls can succeed. It
// fails if tranship.As finds none. Each test calls open once, as for Test.
func TestHealthChecker(t *testing.T, open func(t *testing.T) tranship.Store) {
	claim[tranship.HealthChecker](t, open(t))
	runAll(t, open, nil, healthTests())
}

func healthTests() []test {
	return []test{
		{"changes nothing", healthChangesNothing},
		{"while files are put", healthWhileUsed},
	}
}

// healthChangesNothing checks the health of an empty store and of one with a file and an
// upload, which stay as they are.
func healthChangesNothing(f fixture) {
	checker := ability[tranship.HealthChecker](f, f.store)
	check := func() {
		f.Helper()
		if err := checker.CheckHealth(f.Context()); err != nil {
			f.Fatalf("CheckHealth: %v", err)
		}
	}
	check()
	f.isEmpty()
	data := content(1, 1000)
	f.put("d/file", data)
	u := f.begin(tranship.Spec{Path: "d/upload"})
	check()
	f.lists(tranship.ListOptions{Recursive: true}, "d/file")
	f.has("d/file", data)
	if err := u.Abort(f.Context()); err != nil {
		f.Errorf("Abort: %v", err)
	}
}

func healthWhileUsed(f fixture) {
	checker := ability[tranship.HealthChecker](f, f.store)
	var checks sync.WaitGroup
	for range 4 {
		checks.Go(func() {
			for range 20 {
				if err := checker.CheckHealth(f.Context()); err != nil {
					f.Errorf("CheckHealth: %v", err)
				}
			}
		})
	}
	for range 20 {
		f.put("file", content(1, 100))
	}
	checks.Wait()
	f.lists(tranship.ListOptions{Recursive: true}, "file")
}
