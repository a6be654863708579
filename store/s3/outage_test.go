package s3_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

// TestThrottling uses an engine that refuses every other request, whatever it is.
func TestThrottling(t *testing.T) {
	for status, code := range map[int]string{http.StatusServiceUnavailable: "SlowDown", http.StatusTooManyRequests: "TooManyRequests", http.StatusInternalServerError: "InternalError"} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				engine.Inject(fakes3.Fault{Every: 2, Status: status, Code: code})
				work(t, near(t, engine, s3.Options{PartSize: part}))
			})
		})
	}
}

// TestCuts has a gateway die while it reads the body of a request, or sends that of a reply.
func TestCuts(t *testing.T) {
	for name, fault := range map[string]fakes3.Fault{
		"of puts":          {Operation: "PutObject", Every: 2, Cut: 50},
		"of parts":         {Operation: "UploadPart", Every: 2, Cut: part / 2},
		"of commits":       {Operation: "CompleteMultipartUpload", Every: 2, Cut: 20},
		"of all":           {Every: 3, Cut: 1},
		"of all replies":   {Every: 3, Truncate: 1},
		"late in a reply":  {Every: 2, Truncate: 200},
		"of lost replies":  {Every: 3, Done: true},
		"of listed parts":  {Operation: "ListParts", Every: 2, Truncate: 100},
		"of multipart ids": {Operation: "CreateMultipartUpload", Every: 2, Truncate: 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				store := near(t, engine, s3.Options{PartSize: part})
				engine.Inject(fault)
				work(t, store)
			})
		})
	}
}

// TestSkew uses engines whose clocks are wrong.
func TestSkew(t *testing.T) {
	for _, skew := range []time.Duration{-48 * time.Hour, -time.Hour, time.Hour, 48 * time.Hour} {
		t.Run(fmt.Sprint(skew), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{ClockSkew: skew})
				work(t, near(t, engine, s3.Options{PartSize: part}))
			})
		})
	}
}

// TestFaultySuites runs suites on an engine that loses replies to changes, and cuts the connection
// in the middle of bodies. Of the state of servers no reply is lost, because a caller of SwapState
// is told of that.
func TestFaultySuites(t *testing.T) {
	start := func(t *testing.T) string {
		engine := fakes3.New(fakes3.Options{FalseComplete: true})
		endpoint := engine.Start(t)
		for i, key := range []string{own + "uploads", own + "attributes", own + "changes", own + "probe", "file"} {
			engine.Inject(fakes3.Fault{Operation: "PutObject", Key: key, Every: 5 + i, Done: true})
			engine.Inject(fakes3.Fault{Operation: "DeleteObject", Key: key, Every: 5 + i, Done: true})
		}
		for i, operation := range []string{"CompleteMultipartUpload", "CreateMultipartUpload", "AbortMultipartUpload"} {
			engine.Inject(fakes3.Fault{Operation: operation, Every: 3 + i, Done: true})
		}
		engine.Inject(fakes3.Fault{Operation: "UploadPart", Every: 7, Cut: odd / 2})
		engine.Inject(fakes3.Fault{Operation: "GetObject", Every: 11, Truncate: 1})
		return endpoint
	}
	t.Run("durable", func(t *testing.T) {
		storetest.TestDurable(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
			endpoint := start(t)
			reopen := func() tranship.Store { return open(t, endpoint, s3.Options{PartSize: odd}) }
			return reopen(), reopen
		})
	})
	t.Run("shared", func(t *testing.T) {
		storetest.TestShared(t, func(t *testing.T, n int) []tranship.Store {
			endpoint := start(t)
			var stores []tranship.Store
			for range n {
				stores = append(stores, open(t, endpoint, s3.Options{PartSize: odd}))
			}
			return stores
		})
	})
}
