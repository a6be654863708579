package commits_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tranship/tranship/internal/commits"
)

func TestBook(t *testing.T) {
	book := commits.Book[int]{PerOwner: 3}
	add := func(owner, path string, commit int, want ...int) {
		t.Helper()
		if got := book.Add(owner, path, commit); !slices.Equal(got, want) {
			t.Errorf("Add(%s, %s, %d) forgets %v, want %v", owner, path, commit, got, want)
		}
	}
	for n := range 3 {
		add("ann", fmt.Sprint(n), n)
	}
	add("ann", "0", 10, 0)   // a later commit at the path
	add("ann", "new", 11, 1) // more than PerOwner
	add("ben", "0", 20, 10)  // a later commit of another owner
	add("ann", "more", 12)
	book.Drop("more", 11) // another commit
	if got := book.Len(); got != 4 {
		t.Errorf("%d are remembered, want 4", got)
	}
	book.Drop("more", 12)
	if _, ok := book.Forget("more"); ok {
		t.Error("a dropped commit is remembered")
	}
	for _, path := range []string{"0", "2", "new"} {
		if _, ok := book.Forget(path); !ok {
			t.Errorf("%s is not remembered", path)
		}
	}
	if got := book.Len(); got != 0 {
		t.Errorf("%d are left", got)
	}
}

// TestBookBound checks that an owner never has more commits than the limit.
func TestBookBound(t *testing.T) {
	var book commits.Book[int]
	forgotten := 0
	for n := range 3 * commits.DefaultPerOwner {
		forgotten += len(book.Add("ann", fmt.Sprint(n), n))
	}
	if book.Len() != commits.DefaultPerOwner || forgotten != 2*commits.DefaultPerOwner {
		t.Errorf("%d are remembered and %d forgotten", book.Len(), forgotten)
	}
}
