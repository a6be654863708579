package storetest_test

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/examples/encrypt"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

// A store's own test says what the store does not do. The suite then checks that the store
// refuses it.
func ExampleTest() {
	test := func(t *testing.T) { // func TestStore(t *testing.T), in a file of tests
		storetest.Test(t, func(t *testing.T) tranship.Store {
			store, err := encrypt.New(&mem.Store{}, make([]byte, encrypt.KeyBytes))
			if err != nil {
				t.Fatal(err)
			}
			return store
		}, storetest.NoResume, storetest.NoCopyPart)
	}
	_ = test
}

// A store of which several instances work on one engine, here the same memory, runs a tier
// of its own beside Test.
func ExampleTestShared() {
	test := func(t *testing.T) { // func TestShared(t *testing.T), in a file of tests
		storetest.TestShared(t, func(_ *testing.T, n int) []tranship.Store {
			engine := new(mem.Store)
			instances := make([]tranship.Store, n)
			for i := range instances {
				instances[i] = engine
			}
			return instances
		})
	}
	_ = test
}
