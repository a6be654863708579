package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

func (f flawed) GetState(ctx context.Context, key string) (tranship.StateEntry, error) {
	return f.getState(ctx, key)
}

func (f flawed) SwapState(ctx context.Context, entry tranship.StateEntry) (string, error) {
	return f.swapState(ctx, entry)
}

func (f flawed) RemoveState(ctx context.Context, key, version string) error {
	return f.removeState(ctx, key, version)
}

func (f flawed) ListState(ctx context.Context, prefix string) iter.Seq2[tranship.StateEntry, error] {
	return f.listState(ctx, prefix)
}

// testStateStore runs the suite on instances of which the second and the third have the flaw,
// together.
func testStateStore(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestStateStore(t, func(*testing.T, int) []tranship.StateStore {
		store := newFlawed(new(mem.Store))
		other := flaw(store)
		return []tranship.StateStore{store, other, other}
	})
}

// testStateStoreAlone runs the suite on instances that all have the flaw.
func testStateStoreAlone(t *testing.T, flaw func(flawed) flawed) {
	storetest.TestStateStore(t, func(_ *testing.T, n int) []tranship.StateStore {
		return slices.Repeat([]tranship.StateStore{flaw(newFlawed(new(mem.Store)))}, n)
	})
}

// swapAnyway swaps a value whatever its version.
func swapAnyway(ctx context.Context, f flawed, entry tranship.StateEntry) (string, error) {
	for {
		has, err := f.Store.GetState(ctx, entry.Key)
		if err != nil && !errors.Is(err, tranship.ErrNotFound) {
			return "", err
		}
		entry.Version = has.Version
		version, err := f.Store.SwapState(ctx, entry)
		if !errors.Is(err, tranship.ErrPrecondition) {
			return version, err
		}
	}
}

// stateMutants are stores by what is wrong with their StateStore.
func stateMutants() map[string]mutant {
	return map[string]mutant{
		"has values without versions": {"wrong versions", testStateStoreAlone, func(f flawed) flawed {
			f.swapState = func(ctx context.Context, entry tranship.StateEntry) (string, error) { return swapAnyway(ctx, f, entry) }
			return f
		}},
		"removes any version": {"wrong versions", testStateStoreAlone, func(f flawed) flawed {
			f.removeState = func(ctx context.Context, key, _ string) error {
				has, err := f.Store.GetState(ctx, key)
				if err != nil {
					return err
				}
				return f.Store.RemoveState(ctx, key, has.Version)
			}
			return f
		}},
		"checks and then acts": {"one creates", testStateStore, func(f flawed) flawed {
			f.swapState = func(ctx context.Context, entry tranship.StateEntry) (string, error) {
				has, err := f.Store.GetState(ctx, entry.Key)
				if has.Version != entry.Version || err != nil && !errors.Is(err, tranship.ErrNotFound) {
					return "", tranship.StateChanged(entry.Key)
				}
				time.Sleep(time.Millisecond) // the engine is slow
				return swapAnyway(ctx, f, entry)
			}
			return f
		}},
		"keeps the version of an equal value": {"a value comes back", testStateStore, func(f flawed) flawed {
			versions := make(map[string]string) // the first version of each value
			f.getState = func(ctx context.Context, key string) (tranship.StateEntry, error) {
				entry, err := f.Store.GetState(ctx, key)
				if first, ok := versions[key+string(entry.Value)]; ok {
					entry.Version = first
				}
				return entry, err
			}
			f.swapState = func(ctx context.Context, entry tranship.StateEntry) (string, error) {
				has, err := f.getState(ctx, entry.Key)
				if has.Version != entry.Version || err != nil && !errors.Is(err, tranship.ErrNotFound) {
					return "", tranship.StateChanged(entry.Key)
				}
				version, err := swapAnyway(ctx, f, entry)
				if _, ok := versions[entry.Key+string(entry.Value)]; !ok {
					versions[entry.Key+string(entry.Value)] = version
				}
				return versions[entry.Key+string(entry.Value)], err
			}
			return f
		}},
		"sees its own values only": {"seen by all", testStateStore, func(f flawed) flawed {
			own := new(mem.Store)
			f.getState, f.swapState, f.removeState, f.listState = own.GetState, own.SwapState, own.RemoveState, own.ListState
			return f
		}},
		"never expires": {"expired", testStateStoreAlone, func(f flawed) flawed {
			f.swapState = func(ctx context.Context, entry tranship.StateEntry) (string, error) {
				entry.Expires = time.Time{}
				return f.Store.SwapState(ctx, entry)
			}
			return f
		}},
		"lists what has expired": {"expired", testStateStoreAlone, func(f flawed) flawed {
			var expired []tranship.StateEntry
			f.swapState = func(ctx context.Context, entry tranship.StateEntry) (string, error) {
				version, err := f.Store.SwapState(ctx, entry)
				if err == nil && entry.Expired(time.Now()) {
					entry.Version, entry.Value = version, bytes.Clone(entry.Value)
					expired = append(expired, entry)
				}
				return version, err
			}
			f.listState = func(ctx context.Context, prefix string) iter.Seq2[tranship.StateEntry, error] {
				return func(yield func(tranship.StateEntry, error) bool) {
					f.Store.ListState(ctx, prefix)(yield)
					for _, entry := range expired {
						yield(entry, nil)
					}
				}
			}
			return f
		}},
		"takes a prefix for a directory": {"lists", testStateStoreAlone, func(f flawed) flawed {
			f.listState = func(ctx context.Context, prefix string) iter.Seq2[tranship.StateEntry, error] {
				if prefix != "" && prefix[len(prefix)-1] != '/' {
					prefix += "/"
				}
				return f.Store.ListState(ctx, prefix)
			}
			return f
		}},
		"keeps the buffer of a swap": {"values", testStateStoreAlone, func(f flawed) flawed {
			kept := make(map[string][]byte)
			f.swapState = func(ctx context.Context, entry tranship.StateEntry) (string, error) {
				version, err := f.Store.SwapState(ctx, entry)
				kept[version] = entry.Value
				return version, err
			}
			f.getState = func(ctx context.Context, key string) (tranship.StateEntry, error) {
				entry, err := f.Store.GetState(ctx, key)
				entry.Value = kept[entry.Version]
				return entry, err
			}
			return f
		}},
		"takes keys for paths": {"invalid", testStateStoreAlone, func(f flawed) flawed {
			f.removeState = func(ctx context.Context, key, version string) error {
				if err := tranship.ValidatePath(key); err != nil {
					return err
				}
				return f.Store.RemoveState(ctx, key, version)
			}
			f.getState = func(ctx context.Context, key string) (tranship.StateEntry, error) {
				if err := tranship.ValidatePath(key); err == nil && tranship.ValidateStateKey(key) != nil {
					return tranship.StateEntry{}, tranship.StateNotFound(key)
				}
				return f.Store.GetState(ctx, key)
			}
			return f
		}},
		"swaps in a context that has ended": {"context", testStateStoreAlone, func(f flawed) flawed {
			f.swapState = func(ctx context.Context, entry tranship.StateEntry) (string, error) {
				return f.Store.SwapState(context.WithoutCancel(ctx), entry)
			}
			return f
		}},
		"shows values as files": {"StateStore", testAll(), func(f flawed) flawed {
			f.swapState = func(ctx context.Context, entry tranship.StateEntry) (string, error) {
				version, err := f.Store.SwapState(ctx, entry)
				if err == nil {
					_, err = f.Store.Put(ctx, tranship.Spec{Path: entry.Key}, entry.Value)
				}
				return version, err
			}
			return f
		}},
		"forgets its state": {"state", testDurable(storetest.TestDurable), func(f flawed) flawed {
			other := new(mem.Store)
			f.getState, f.swapState, f.removeState, f.listState = other.GetState, other.SwapState, other.RemoveState, other.ListState
			return f
		}},
	}
}
