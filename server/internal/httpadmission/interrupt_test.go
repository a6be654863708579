package httpadmission_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// TestInterrupt checks that a client is told why a request failed also when the request is
// interrupted, more than once, while its handler returns.
func TestInterrupt(t *testing.T) {
	const requests = 2000
	adapter := httpadmission.New(admission.New(admission.Options{Anonymous: true}), httpadmission.Options{})
	var interrupts sync.WaitGroup
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		adapter.Serve(w, r, httpadmission.Request{Method: "/http/Get"}, func(e *httpadmission.Exchange) error {
			for range 4 {
				interrupts.Go(e.Interrupt)
			}
			return tranship.ErrNotFound
		})
	}))
	defer interrupts.Wait()
	defer service.Close()
	lost := 0
	for range requests {
		response, err := service.Client().Get(service.URL)
		if err != nil {
			lost++
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Fatal(response.Status)
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d responses were lost", lost, requests)
	}
}
