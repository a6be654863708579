package abilities

import (
	"bytes"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/quota"
	"github.com/tranship/tranship/store/retry"
	"github.com/tranship/tranship/store/tracing"
)

// kind is a kind of value that may have abilities.
type kind string

const (
	ofStore   kind = "store"
	ofUpload  kind = "upload"
	ofContent kind = "content"
	ofPart    kind = "part writer"
)

// ability is an optional interface of package tranship.
type ability struct {
	name string
	of   []kind
	// find returns the ability of v that As finds; nil if it has none.
	find func(v any) any
}

func find[T any](v any) any {
	if found, ok := tranship.As[T](v); ok {
		return found
	}
	return nil
}

// known lists all abilities. TestKnown compares it with package tranship.
var known = []ability{
	{"UploadFinder", []kind{ofStore}, find[tranship.UploadFinder]},
	{"Fetcher", []kind{ofStore}, find[tranship.Fetcher]},
	{"BatchPutter", []kind{ofStore}, find[tranship.BatchPutter]},
	{"BatchFetcher", []kind{ofStore}, find[tranship.BatchFetcher]},
	{"TreeRemover", []kind{ofStore}, find[tranship.TreeRemover]},
	{"AccountKeeper", []kind{ofStore}, find[tranship.AccountKeeper]},
	{"WidthHinter", []kind{ofStore, ofUpload}, find[tranship.WidthHinter]},
	{"HealthChecker", []kind{ofStore}, find[tranship.HealthChecker]},
	{"StateStore", []kind{ofStore}, find[tranship.StateStore]},
	{"ChangeDater", []kind{ofStore}, find[tranship.ChangeDater]},
	{"UploadJoiner", []kind{ofStore}, find[tranship.UploadJoiner]},
	{"PartRunner", []kind{ofUpload}, find[tranship.PartRunner]},
	{"ChunkSizeHinter", []kind{ofUpload}, find[tranship.ChunkSizeHinter]},
	{"CommittedUpload", []kind{ofUpload}, find[tranship.CommittedUpload]},
	{"DiscardReporter", []kind{ofUpload}, find[tranship.DiscardReporter]},
	{"TailKeeper", []kind{ofUpload}, find[tranship.TailKeeper]},
	{"ChunkReader", []kind{ofContent}, find[tranship.ChunkReader]},
	{"RangeReader", []kind{ofContent}, find[tranship.RangeReader]},
	{"ZeroReader", []kind{ofContent}, find[tranship.ZeroReader]},
	{"ChunkWriter", []kind{ofPart}, find[tranship.ChunkWriter]},
	{"ZeroWriter", []kind{ofPart}, find[tranship.ZeroWriter]},
	{"TailWriter", []kind{ofPart}, find[tranship.TailWriter]},
}

// treatment is how a decorator treats an ability of the wrapped value.
type treatment struct {
	// what is "kept", "passed" or "hidden".
	what string
	// check checks, for a kept ability, that the decorator does its part; otherwise it is
	// nil.
	check func(t *testing.T)
}

var (
	passed = treatment{what: "passed"}
	hidden = treatment{what: "hidden"}
)

func kept(check func(t *testing.T)) treatment { return treatment{"kept", check} }

// decorator is a decorator of this module, with its treatment of each ability of each
// kind. A kind that it does not wrap is missing: the wrapped store's value goes to the
// caller unchanged.
type decorator struct {
	name  string
	wrap  func(t *testing.T, inner tranship.Store) tranship.Store
	fates map[kind]map[string]treatment
}

// ann may do everything, and so may anonymous callers.
var ann = access.Principal{Name: "ann"}

func decorators() []decorator {
	return []decorator{
		{
			name: "guard",
			wrap: func(t *testing.T, inner tranship.Store) tranship.Store {
				// Parts are wrapped only for callers who may write but not see files.
				return guard.New(inner, parse(t, "allow ann read,list readable\nallow ann write /\n"))
			},
			fates: map[kind]map[string]treatment{
				ofStore: {
					"UploadFinder": kept(guardHidesUploads), "Fetcher": kept(guardDeniesFetch), "TreeRemover": kept(guardDeniesRemoval),
					"BatchPutter": kept(guardDeniesPuts), "BatchFetcher": kept(guardDeniesFetches), "UploadJoiner": kept(guardHidesJoins),
					// It would reveal all files to callers.
					"AccountKeeper": hidden, "WidthHinter": passed, "HealthChecker": passed,
					// Only the server uses it.
					"StateStore": passed, "ChangeDater": hidden,
				},
				ofUpload: {
					"PartRunner": kept(guardWithholdsInRun), "TailKeeper": kept(guardWithholdsInContinued),
					"WidthHinter": passed, "ChunkSizeHinter": passed, "CommittedUpload": passed, "DiscardReporter": passed,
				},
				ofPart: {"ChunkWriter": kept(guardWithholdsInChunk), "ZeroWriter": kept(guardWithholdsInZeros), "TailWriter": kept(guardWithholdsInTail)},
			},
		},
		{
			name: "audit",
			wrap: func(_ *testing.T, inner tranship.Store) tranship.Store {
				return audit.New(inner, audit.NewLog(new(bytes.Buffer), nil))
			},
			fates: map[kind]map[string]treatment{
				ofStore: {
					"UploadFinder": kept(auditRecordsFind), "Fetcher": kept(auditRecordsFetch), "TreeRemover": kept(auditRecordsRemoval),
					"BatchPutter": kept(auditRecordsPuts), "BatchFetcher": kept(auditRecordsFetches), "UploadJoiner": kept(auditRecordsJoins),
					// The audit belongs around the quota.
					"AccountKeeper": hidden, "WidthHinter": passed, "HealthChecker": passed,
					// Only the server uses it.
					"StateStore": passed, "ChangeDater": hidden,
				},
				// Parts are not recorded.
				ofUpload: {
					"TailKeeper": passed,
					"PartRunner": passed, "WidthHinter": passed, "ChunkSizeHinter": passed, "CommittedUpload": passed, "DiscardReporter": passed,
				},
				ofContent: {"ChunkReader": kept(auditCountsChunks), "RangeReader": kept(auditCountsRanges), "ZeroReader": kept(auditCountsZeros)},
			},
		},
		{
			name: "quota",
			wrap: func(t *testing.T, inner tranship.Store) tranship.Store {
				if bare, ok := inner.(bareStore); ok {
					inner = counted{bare, bare.Store}
				}
				return limited(t, inner, quota.Options{Bytes: 1000})
			},
			fates: map[kind]map[string]treatment{
				ofStore: {
					"UploadFinder": kept(quotaFindsItsUploads), "Fetcher": kept(quotaCountsFetch), "TreeRemover": kept(quotaCountsRemoval),
					"BatchPutter": kept(quotaCountsPuts), "BatchFetcher": kept(quotaCountsFetches),
					// Begin has reserved everything.
					"UploadJoiner": passed,
					// Another ledger would replace the quota's.
					"AccountKeeper": hidden, "WidthHinter": passed, "HealthChecker": passed,
					// Only the server uses it.
					"StateStore": passed, "ChangeDater": hidden,
				},
				ofUpload: {
					"PartRunner": kept(quotaCountsRun),
					// Only an upload of known size has a tail, and Begin has reserved everything.
					"TailKeeper":  passed,
					"WidthHinter": passed, "ChunkSizeHinter": passed, "CommittedUpload": passed, "DiscardReporter": passed,
				},
				ofContent: {"ChunkReader": passed, "RangeReader": passed, "ZeroReader": passed}, // a content counts until it is closed
				ofPart:    {"ChunkWriter": kept(quotaCountsChunk), "ZeroWriter": kept(quotaCountsZeros), "TailWriter": passed},
			},
		},
		{
			name: "hook",
			wrap: func(t *testing.T, inner tranship.Store) tranship.Store { return told(t, inner, make(events, 100)) },
			fates: map[kind]map[string]treatment{
				ofStore: {
					"BatchPutter": kept(hookTellsOfPuts), "TreeRemover": kept(hookTellsOfRemovals),
					// Reading has no hooks, and only the upload that was begun is committed.
					"UploadFinder": passed, "Fetcher": passed, "BatchFetcher": passed, "UploadJoiner": passed,
					// Hooks belong around the quota.
					"AccountKeeper": hidden, "WidthHinter": passed, "HealthChecker": passed,
					// Only the server uses it.
					"StateStore": passed, "ChangeDater": hidden,
				},
				ofUpload: {
					"TailKeeper": passed, "PartRunner": passed, "WidthHinter": passed, "ChunkSizeHinter": passed, "CommittedUpload": passed, "DiscardReporter": passed,
				},
			},
		},
		{
			name: "retry",
			wrap: func(_ *testing.T, inner tranship.Store) tranship.Store { return retry.New(inner, retry.Options{}) },
			fates: map[kind]map[string]treatment{
				ofStore: {
					"UploadFinder": kept(retryFindsAgain), "TreeRemover": kept(retryRemovesAgain),
					"Fetcher": passed, "BatchPutter": passed, "BatchFetcher": passed, "AccountKeeper": passed, "WidthHinter": passed, "HealthChecker": passed,
					"StateStore": passed, "UploadJoiner": passed, "ChangeDater": hidden,
				},
			},
		},
		{
			name: "tracing",
			wrap: func(_ *testing.T, inner tranship.Store) tranship.Store {
				return tracing.New(inner, spans{new([]tracing.Result)})
			},
			fates: map[kind]map[string]treatment{
				ofStore: tracedStore(),
				ofUpload: {
					"PartRunner": kept(tracingEndsRun), "TailKeeper": kept(tracingEndsTail),
					"WidthHinter": passed, "ChunkSizeHinter": passed, "CommittedUpload": passed, "DiscardReporter": passed,
				},
				ofContent: tracedContent(),
			},
		},
		{
			name: "descriptors",
			wrap: func(_ *testing.T, inner tranship.Store) tranship.Store { return limit.NewFiles(1000).Store(inner) },
			fates: map[kind]map[string]treatment{
				ofStore: {
					"UploadFinder": kept(filesFindUpload), "Fetcher": kept(filesLimitFetch), "TreeRemover": kept(filesLimitRemoval),
					"BatchPutter": kept(filesLimitPuts), "BatchFetcher": kept(filesLimitFetches), "UploadJoiner": kept(filesLimitJoins),
					// The limits belong around the quota.
					"AccountKeeper": hidden, "WidthHinter": passed, "HealthChecker": passed,
					// Only the server uses it.
					"StateStore": passed, "ChangeDater": hidden,
				},
				// Uploads and contents count until they have ended.
				ofUpload: {
					"TailKeeper": passed,
					"PartRunner": passed, "WidthHinter": passed, "ChunkSizeHinter": passed, "CommittedUpload": passed, "DiscardReporter": passed,
				},
				ofContent: {"ChunkReader": passed, "RangeReader": passed, "ZeroReader": passed},
			},
		},
	}
}

// counted is a store without abilities except the accounts that a quota needs.
type counted struct {
	bareStore
	keeper any
}

func (c counted) Unwrap() any { return c.keeper }

func (c counted) Passes(ability any) bool {
	_, accounts := ability.(*tranship.AccountKeeper)
	return accounts
}

func parse(t *testing.T, rules string) *policy.Policy {
	t.Helper()
	parsed, err := policy.Parse("policy", []byte(rules))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func limited(t *testing.T, inner tranship.Store, options quota.Options) *quota.Store {
	t.Helper()
	store, err := quota.New(t.Context(), inner, options)
	if err != nil {
		t.Fatal(err)
	}
	return store
}
