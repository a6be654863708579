package signin

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
)

const (
	// keysKey has the keys in the state of the store.
	keysKey = "session/keys"
	// keyLife is for how long a key seals, and keptFor how long it opens what it has sealed.
	keyLife, keptFor = 24 * time.Hour, keyLife + MaxSession + time.Hour
	// refreshAge is the age at which keys are read again before one of them seals, and reloadWait
	// the least time between two reads for a key that is not known.
	refreshAge, reloadWait = time.Minute, time.Second
	// keyBytes is the length of a key of AES-256, and idBytes that of its id.
	keyBytes, idBytes = 32, 8
	// changes bounds how often a change is tried that other servers make at the same time.
	changes = 5
)

// errSealed is the error of what no key opens.
var errSealed = errors.New("it was not sealed by a server of this store, or was changed, or its key is no longer kept")

// key seals what browsers keep.
type key struct {
	ID      []byte    `json:"id"`
	Secret  []byte    `json:"secret"`
	Created time.Time `json:"created"`
}

// keyring has the keys that all servers of a store share, the newest last. Without a state it has
// keys of this process. It is safe for concurrent use.
type keyring struct {
	state tranship.StateStore
	now   func() time.Time
	keys  atomic.Pointer[loadedKeys]
	// loading is held by the goroutine that reads or changes the keys.
	loading chan struct{}
}

type loadedKeys struct {
	keys []key
	at   time.Time
}

// newKeyring returns a keyring that has read no keys yet.
func newKeyring(state tranship.StateStore, now func() time.Time) *keyring {
	k := &keyring{state: state, now: now, loading: make(chan struct{}, 1)}
	k.keys.Store(&loadedKeys{})
	return k
}

// seal encrypts and signs text for a purpose.
func (k *keyring) seal(ctx context.Context, purpose string, text []byte) ([]byte, error) {
	newest, err := k.newest(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	sealer, err := newSealer(newest.Secret)
	if err != nil {
		return nil, err
	}
	sealed := sealer.Seal(nil, nil, text, additional(purpose, newest.ID)) //nolint:gosec // the nonce of this AEAD is random
	return append(newest.ID[:idBytes:idBytes], sealed...), nil
}

// open returns the text that was sealed for a purpose. It returns errSealed for anything else.
func (k *keyring) open(ctx context.Context, purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < idBytes {
		return nil, errSealed
	}
	id, sealed := sealed[:idBytes], sealed[idBytes:]
	found, ok := k.keys.Load().find(id)
	if !ok {
		if err := k.reload(ctx, k.now()); err != nil {
			return nil, unavailable(err)
		}
		found, ok = k.keys.Load().find(id)
	}
	if !ok || k.now().Sub(found.Created) > keptFor {
		return nil, errSealed
	}
	sealer, err := newSealer(found.Secret)
	if err != nil {
		return nil, err
	}
	text, err := sealer.Open(nil, nil, sealed, additional(purpose, id))
	if err != nil {
		return nil, errSealed
	}
	return text, nil
}

// newSealer returns the cipher of a key, whose nonces are random. The few values that a key seals in
// its life make equal ones as good as impossible.
func newSealer(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// additional binds what is sealed to its purpose.
func additional(purpose string, id []byte) []byte {
	return append([]byte("tranship "+purpose+" "), id...)
}

func (l *loadedKeys) find(id []byte) (key, bool) {
	for _, k := range l.keys {
		if string(k.ID) == string(id) {
			return k, true
		}
	}
	return key{}, false
}

// newest returns the newest key, which this server, or another, makes when it is time.
func (k *keyring) newest(ctx context.Context) (key, error) {
	if newest, ok := k.fresh(); ok {
		return newest, nil
	}
	if err := k.lock(ctx); err != nil {
		return key{}, err
	}
	defer k.unlock()
	if newest, ok := k.fresh(); ok {
		return newest, nil
	}
	for range changes {
		version, err := k.load(ctx)
		if err != nil {
			return key{}, err
		}
		if newest, ok := k.fresh(); ok {
			return newest, nil
		}
		err = k.add(ctx, version)
		if err != nil && !errors.Is(err, tranship.ErrPrecondition) {
			return key{}, err
		}
	}
	return key{}, errors.New("other servers change the keys of sessions all the time")
}

// fresh returns the newest key if it was read a short time ago and still seals.
func (k *keyring) fresh() (key, bool) {
	loaded, now := k.keys.Load(), k.now()
	if len(loaded.keys) == 0 || k.state != nil && now.Sub(loaded.at) > refreshAge {
		return key{}, false
	}
	newest := loaded.keys[len(loaded.keys)-1]
	return newest, now.Sub(newest.Created) < keyLife
}

// reload reads the keys again if they were not read since a time. Whatever clients send, it does so
// at most once in reloadWait.
func (k *keyring) reload(ctx context.Context, since time.Time) error {
	if k.state == nil {
		return nil
	}
	if err := k.lock(ctx); err != nil {
		return err
	}
	defer k.unlock()
	at := k.keys.Load().at
	if at.After(since) {
		return nil
	}
	if wait := reloadWait - since.Sub(at); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	_, err := k.load(ctx)
	return err
}

func (k *keyring) lock(ctx context.Context) error {
	select {
	case k.loading <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (k *keyring) unlock() { <-k.loading }

// load reads the keys, and returns the version of their value. The caller holds the lock.
func (k *keyring) load(ctx context.Context) (version string, err error) {
	if k.state == nil {
		return "", nil
	}
	entry, err := k.state.GetState(ctx, keysKey)
	if errors.Is(err, tranship.ErrNotFound) {
		k.keys.Store(&loadedKeys{at: k.now()})
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var all []key
	if err := json.Unmarshal(entry.Value, &all); err != nil {
		return "", fmt.Errorf("%s in the state of the store: %w", keysKey, err)
	}
	for _, one := range all {
		if len(one.ID) != idBytes || len(one.Secret) != keyBytes {
			return "", fmt.Errorf("%s in the state of the store has a key of another length", keysKey)
		}
	}
	k.keys.Store(&loadedKeys{all, k.now()})
	return entry.Version, nil
}

// add makes a key, and forgets those that are too old. The caller holds the lock and has read the
// keys, whose value has a version.
func (k *keyring) add(ctx context.Context, version string) error {
	now := k.now()
	var kept []key
	for _, old := range k.keys.Load().keys {
		if now.Sub(old.Created) < keptFor {
			kept = append(kept, old)
		}
	}
	made := key{ID: make([]byte, idBytes), Secret: make([]byte, keyBytes), Created: now}
	_, _ = rand.Read(made.ID) // which never fails
	_, _ = rand.Read(made.Secret)
	kept = append(kept, made)
	if k.state != nil {
		value, err := json.Marshal(kept) //nolint:gosec // the keys are for the state of the store
		if err != nil {
			return err
		}
		if _, err := k.state.SwapState(ctx, tranship.StateEntry{Key: keysKey, Value: value, Version: version}); err != nil {
			return err
		}
	}
	k.keys.Store(&loadedKeys{kept, k.now()})
	return nil
}

// unavailable returns the error of a state that cannot be used, with its reason for the log alone.
func unavailable(reason error) error {
	return &stateError{reason}
}

// stateError is a failure of the state of the store. It matches tranship.ErrUnavailable.
type stateError struct{ reason error }

// Error implements error. The message does not contain the reason.
func (*stateError) Error() string {
	return tranship.ErrUnavailable.Error() + ": sessions cannot be read or written at the moment"
}

// Is reports whether target is tranship.ErrUnavailable.
func (*stateError) Is(target error) bool { return target == tranship.ErrUnavailable }
