package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
)

func TestParseDigest(t *testing.T) {
	// Of the empty input, from FIPS 180-4's examples and BLAKE3's test vectors.
	for _, text := range []string{
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
	} {
		digest, err := ParseDigest(text)
		if err != nil || digest.String() != text {
			t.Fatalf("%v, %v", digest, err)
		}
		hash, err := NewHash(digest.Algorithm)
		if err != nil || hex.EncodeToString(hash.Sum(nil)) != hex.EncodeToString(digest.Sum) {
			t.Errorf("%v, %v", digest, err)
		}
	}
	for _, text := range []string{"", "sha256", "sha256:", "sha256:00", "md5:" + strings.Repeat("0", 64), "sha256:" + strings.Repeat("x", 64)} {
		if _, err := ParseDigest(text); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A digest that is demanded is checked on every way that a file can go, before
// anything is committed, and a wrong one leaves nothing.
func TestCopyDigest(t *testing.T) {
	for _, size := range []int{0, 5, 5<<20 + 4321} {
		data := random(size)
		remote := func() Source {
			store := &mem.Store{}
			putLarge(t, store, "a", data)
			return store
		}
		local := func() Source {
			name := filepath.Join(t.TempDir(), "a")
			writeFile(t, name, data)
			return localdir.File(name)
		}
		stream := func() Source { return &Stdin{Reader: strings.NewReader(string(data))} }
		toDir := func() tranship.Writer { return openDir(t, t.TempDir()) }
		toStore := func() tranship.Writer { return &mem.Store{PartSize: partBytes} }
		for _, test := range []struct {
			name   string
			source func() Source
			to     func() tranship.Writer
			once   bool
		}{
			{"upload", local, toStore, false},
			{"download", remote, toDir, false},
			{"between stores", remote, toStore, false},
			{"standard input", stream, toStore, true},
		} {
			for _, algorithm := range []string{SHA256, BLAKE3} {
				hash, err := NewHash(algorithm)
				if err != nil {
					t.Fatal(err)
				}
				hash.Write(data)
				right := Digest{algorithm, hash.Sum(nil)}
				wrong := Digest{algorithm, make([]byte, 32)}
				for _, digest := range []Digest{wrong, right} {
					destination := test.to()
					items := func(yield func(Item, error) bool) {
						item := Item{Source: test.source(), SourcePath: "a", Path: "copy", File: tranship.File{Size: int64(size)}, Digest: &digest}
						if test.once {
							item.Once, item.File.Size = true, -1
						}
						yield(item, nil)
					}
					got := results{}
					err := Copy(t.Context(), destination, items, Options{Report: got.report(t)})
					if digest.String() == right.String() {
						if err != nil {
							t.Fatalf("%s, %d bytes, right %s: %v", test.name, size, algorithm, err)
						}
						source, _ := destination.(Source)
						mustHave(t, source, "copy", data)
						continue
					}
					if !errors.Is(err, tranship.ErrIntegrity) || got["a"].Attempts != 1 || errors.Is(err, ErrResumable) {
						t.Errorf("%s, %d bytes, wrong %s: %v after %d attempts", test.name, size, algorithm, err, got["a"].Attempts)
					}
					switch to := destination.(type) {
					case *mem.Store:
						if len(paths(t, to)) > 0 || uploads(t, to) > 0 {
							t.Errorf("%s: left are %q and %d uploads", test.name, paths(t, to), uploads(t, to))
						}
					case *localdir.Dir:
						if all := tree(t, to.Absolute("")); len(all) > 0 {
							t.Errorf("%s: left are %q", test.name, all)
						}
					}
				}
			}
		}
	}
}

// The digest of a file that is resumed is of all of it.
func TestResumeDigest(t *testing.T) {
	sum := func(data []byte) *Digest {
		all := sha256.Sum256(data)
		return &Digest{SHA256, all[:]}
	}
	name, data := largeFile(t)
	store := newCutting(-1)
	interrupted(t, store, name)
	items := func(yield func(Item, error) bool) {
		for item := range localItem(t, name) {
			item.Digest = sum(data)
			yield(item, nil)
		}
	}
	if err := Copy(t.Context(), store, items, Options{}); err != nil {
		t.Fatal(err)
	}
	mustHave(t, store.Store, "copy", data)
}
