package server_test

import (
	"testing"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestLaneInstance checks that servers have the same instance id for lanes if each can write to
// the uploads of the others, and else one of their own.
func TestLaneInstance(t *testing.T) {
	instance := func(store tranship.Store) string {
		t.Helper()
		conn, _ := onLanes(t, store, server.Config{})
		info, err := transhipv1.NewFileServiceClient(conn).GetServerInfo(testContext(t), &transhipv1.GetServerInfoRequest{})
		if err != nil || info.GetLanes().GetInstanceId() == "" {
			t.Fatalf("GetServerInfo: %v, %v", info, err)
		}
		return info.GetLanes().GetInstanceId()
	}
	store := new(mem.Store)
	shared := instance(store)
	if again := instance(store); again != shared {
		t.Errorf("servers over one store have the instance ids %q and %q", shared, again)
	}
	if other := instance(new(mem.Store)); other == shared {
		t.Errorf("servers over two stores have the instance id %q", shared)
	}
	alone := lonely{store, store}
	if one, other := instance(alone), instance(alone); one == shared || other == shared || one == other {
		t.Errorf("servers that cannot write to the uploads of others have the instance ids %q and %q", one, other)
	}
	entry, err := store.GetState(t.Context(), "servers/lane-instance")
	if err != nil {
		t.Fatal(err)
	}
	entry.Value = make([]byte, 1000)
	if _, err := store.SwapState(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	if one, other := instance(store), instance(store); one == other || len(one) > 64 {
		t.Errorf("servers over a store with a wrong id have the instance ids %q and %q, want ids of their own", one, other)
	}
}
