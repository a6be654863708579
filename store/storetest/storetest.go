// Package storetest is the conformance suite of tranship.Store: what its
// documentation promises, as tests that every store passes, a client of a remote
// server among them. A store's own test calls Test with a function that opens an
// empty store.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// Test runs the suite. Each test calls open once, for an empty store of its own,
// which open releases with t.Cleanup. Parts must have at least 1,000 bytes, and
// better not many more than 1 MiB, with which about 250 MB go in and as much comes
// out; with 8 MiB it is 1.7 GB.
func Test(t *testing.T, open func(t *testing.T) tranship.Store) {
	groups := []struct {
		name  string
		tests []test
	}{
		{"Path", pathTests()},
		{"Tree", treeTests()},
		{"Put", putTests()},
		{"Attributes", attributeTests()},
		{"Precondition", preconditionTests()},
		{"Upload", uploadTests()},
		{"Part", partTests()},
		{"Commit", commitTests()},
		{"Resume", resumeTests()},
		{"Remember", rememberTests()},
		{"CopyPart", copyPartTests()},
		{"Uploads", uploadsTests()},
		{"Read", readTests()},
		{"List", listTests()},
		{"ListBounds", listBoundTests()},
		{"Edit", editTests()},
		{"RemoveAll", removeAllTests()},
		{"RemoveAllUploads", removeAllUploadTests()},
		{"Absence", absenceTests()},
		{"Transplant", transplantTests()},
		{"Context", contextTests()},
		{"Revision", revisionTests()},
		{"SourceVersion", sourceVersionTests()},
		{"DemandedChecksum", demandedTests()},
		{"CommitAttributes", commitAttributeTests()},
		{"Agreed", agreedTests()},
		{"Concurrency", concurrencyTests()},
		{"ResumeConcurrency", resumeConcurrencyTests()},
	}
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(test.name, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), stalled)
					defer cancel()
					test.run(fixture{T: t, ctx: ctx, store: open(t)})
				})
			}
		})
	}
}

// stalled is after how long a test takes a store to be stuck: far longer than any
// takes, so that what hangs has a name.
const stalled = time.Minute

// test is one property of a store.
type test struct {
	name string
	run  func(f fixture)
}
