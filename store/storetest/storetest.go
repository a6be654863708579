// Package storetest is the conformance suite of tranship.Store: what its documentation
// promises, as tests that every store passes, a client of a remote server among them.
//
// The suite has tiers. A store's own tests call the function of each tier that the store
// claims:
//
//   - Test is for every store. It has the core, which is files, attributes,
//     preconditions, lists and uploads, and the tier of resumable uploads. A store names
//     what it does not do, as NoResume; the suite then checks that the store refuses it
//     properly.
//   - TestDurable is for a store that outlives its process: it is closed or killed and
//     opened again.
//   - TestShared is for a store that several instances share, as several servers share one
//     database.
//
// The optional abilities of package tranship and what depends on a store's surroundings
// have functions of their own:
//
//   - TestFetcher, TestBatchPutter, TestBatchFetcher, TestChunks, TestPartRunner,
//     TestRangeReader, TestZeros and TestTreeRemover, for the abilities that make calls fast.
//     Test runs these tests, too, if tranship.As finds the ability. A store that claims one
//     calls the function, which fails if the ability is lost.
//   - TestHealthChecker, for a store that can tell whether calls can succeed. Test runs these
//     tests, too.
//   - TestChangeDater, for a store that knows when its files were changed. Test runs these
//     tests, too.
//   - TestUploadJoiner, for a store whose uploads several servers can write to. TestShared runs
//     these tests, too.
//   - TestStateStore, for a store that keeps the state of servers. Test runs these tests, too,
//     except those of several instances.
//   - TestTailKeeper, for a store whose uploads keep the beginning of a part. Test runs these
//     tests, too; TestDurable, TestKilled and TestShared run further ones.
//   - TestOwners, for a store that keeps the uploads of several owners apart.
//   - TestAccounts, for a store with a tranship.AccountKeeper.
//   - TestSkipped, for a store that may have to leave something out of its lists.
//
// FuzzUploads compares any store that resumes uploads with a model.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// Test runs the core and the tier of resumable uploads on a store. Each test calls open
// once, for an empty store of its own, which open releases with t.Cleanup. lacks says what
// the store does not do.
//
// Parts must have at least 1,000 bytes, and better not many more than 1 MiB, with which
// about 250 MB go in and as much comes out; with 8 MiB it is 1.7 GB.
func Test(t *testing.T, open func(t *testing.T) tranship.Store, lacks ...Lack) {
	declared := make(map[Lack]bool)
	for _, lack := range lacks {
		declared[lack] = true
	}
	for _, group := range []struct {
		name string
		// need is the lack with which a store does not run the group; "" for none.
		need  Lack
		tests []test
	}{
		{"Path", "", pathTests()},
		{"Tree", "", treeTests()},
		{"Put", "", putTests()},
		{"Attributes", "", attributeTests()},
		{"Precondition", "", preconditionTests()},
		{"Upload", "", uploadTests()},
		{"Part", "", partTests()},
		{"Sequential", "", sequentialTests()},
		{"Commit", "", commitTests()},
		{"CopyPart", NoCopyPart, copyPartTests()},
		{"Read", "", readTests()},
		{"List", "", listTests()},
		{"ListBounds", "", listBoundTests()},
		{"Edit", "", editTests()},
		{"RemoveAll", "", removeAllTests()},
		{"Absence", "", absenceTests()},
		{"Transplant", "", transplantTests()},
		{"Context", "", contextTests()},
		{"Revision", NoRevision, revisionTests()},
		{"SourceVersion", NoSourceVersion, sourceVersionTests()},
		{"DemandedChecksum", "", demandedTests()},
		{"CommitAttributes", "", commitAttributeTests()},
		{"Agreed", "", agreedTests()},
		{"Concurrency", "", concurrencyTests()},
		{"Fetcher", "", fetcherTests()},
		{"BatchPutter", "", putBatchTests()},
		{"BatchFetcher", "", fetchBatchTests()},
		{"Chunks", "", chunkTests()},
		{"PartRunner", "", partRunTests()},
		{"RangeReader", "", rangeReaderTests()},
		{"HealthChecker", "", healthTests()},
		{"ChangeDater", "", changeDaterTests()},
		{"StateStore", "", stateStoreTests()},
		{"Zeros", "", zeroTests()},
		// The tier of resumable uploads.
		{"Resume", NoResume, resumeTests()},
		{"Remember", NoResume, rememberTests()},
		{"Uploads", NoResume, uploadsTests()},
		{"RemoveAllUploads", NoResume, removeAllUploadTests()},
		{"ResumeConcurrency", NoResume, resumeConcurrencyTests()},
		{"TailKeeper", NoResume, tailTests()},
	} {
		if group.need == "" || !declared[group.need] {
			t.Run(group.name, func(t *testing.T) { runAll(t, open, declared, group.tests) })
		}
	}
	for lack := range declared {
		t.Run("Without "+string(lack), func(t *testing.T) { runAll(t, open, declared, lackTests(lack)) })
	}
}

// stalled returns the time after which a test considers the store stuck: a minute, and a tenth of
// what remains of the -timeout of go test if that is longer. It is far longer than any test
// takes, so that the failure names the test that hangs.
func stalled(t *testing.T) time.Duration {
	end, _ := t.Deadline()
	return max(time.Minute, time.Until(end)/10)
}

// test is one property of a store.
type test struct {
	name string
	run  func(f fixture)
}

// runAll runs each test on a store of its own.
func runAll(t *testing.T, open func(t *testing.T) tranship.Store, lacks map[Lack]bool, tests []test) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), stalled(t))
			defer cancel()
			test.run(fixture{T: t, ctx: ctx, store: open(t), lacks: lacks})
		})
	}
}
