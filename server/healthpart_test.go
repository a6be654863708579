package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// panicking is a part of a server whose check panics.
type panicking struct{}

func (panicking) CheckHealth(context.Context) error { panic("broken") }

// A check that panics is one that fails, and does not end the server.
func TestHealthPanics(t *testing.T) {
	s := storeserver.New(t, &mem.Store{}, server.Config{Health: []tranship.HealthChecker{panicking{}}})
	for range 2 {
		if err := s.CheckHealth(t.Context()); !errors.Is(err, tranship.ErrUnavailable) || !strings.Contains(err.Error(), "its check panicked: broken") {
			t.Errorf("error %v", err)
		}
	}
}
