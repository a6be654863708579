package guard_test

import (
	"context"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

var (
	ann = access.Principal{Name: "ann"}
	bob = access.Principal{Name: "bob"}
)

func as(ctx context.Context, p access.Principal) context.Context { return access.NewContext(ctx, p) }

func parse(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestStore runs the suite of every store on a guard that allows anonymous callers
// everything.
func TestStore(t *testing.T) {
	storetest.Test(t, func(*testing.T) tranship.Store {
		return guard.New(&mem.Store{PartSize: 1000}, policy.Default(access.Actions()...))
	})
}

// TestStoreOfPrincipal runs the suite over the network as the only principal with rights.
// Small parts suffice, because a guard does not read their content.
func TestStoreOfPrincipal(t *testing.T) {
	storetest.Test(t, func(t *testing.T) tranship.Store {
		guarded := guard.New(&mem.Store{PartSize: 50_000}, parse(t, "allow ann read,write,delete,list /\n"))
		return connect(t, serve(t, guarded), ann)
	})
}

// serve serves a store by all protocols and returns the address. It believes the identity
// that callers claim.
func serve(t *testing.T, store tranship.Store) string {
	t.Helper()
	return storeserver.Mount(t, store, storeserver.Believing(server.Config{}), append(server.GRPCOptions(server.Config{}), loopback.Believing()...)...)
}

func connect(t *testing.T, address string, p access.Principal) *client.Client {
	t.Helper()
	connected, err := client.Dial(t.Context(), address, client.Options{DialOptions: loopback.As(p)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connected.Close() })
	return connected
}

// put stores a file without the guard.
func put(t testing.TB, store tranship.Store, path, content string) tranship.File {
	t.Helper()
	spec := tranship.Spec{Path: path, Attributes: tranship.Attributes{Metadata: map[string]string{"secret": content}}}
	file, err := store.Put(context.Background(), spec, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return file
}
