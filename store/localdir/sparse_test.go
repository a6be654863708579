package localdir

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// A download that was cut goes on with a file that has zeros where the partial file has bytes.
func TestZerosOverPartial(t *testing.T) {
	for _, again := range []bool{false, true} { // in a directory that is opened again
		name, old := t.TempDir(), filetest.Random(3*leastPart+5)
		dir := open(t, name)
		u := begin(t, dir, old)
		write(t, u, old, 0)
		for n := 1; n <= 2; n++ { // not whole
			w, err := u.Part(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Write(old[:leastPart-1])
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if err := u.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again {
			dir = open(t, name)
		}
		u = begin(t, dir, old)
		data := make([]byte, len(old))
		data[leastPart+7] = 'x'
		runs := [][]int64{{leastPart}, {7, 1, leastPart - 8}, {leastPart}, {5}} // zeros, byte, zeros
		for n, run := range runs {
			w, err := u.Part(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			for i, length := range run {
				if i == 1 {
					_, err = w.Write([]byte("x"))
				} else {
					err = tranship.WriteZeros(w, length)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := u.Commit(t.Context(), tranship.Commit{Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data))}); err != nil {
			t.Fatal(err)
		}
		filetest.MustHave(t, open(t, name), "copy", data)
	}
}

// A whole part that is durable is sent again as zeros.
func TestZerosOverDurablePart(t *testing.T) {
	name, old := t.TempDir(), filetest.Random(leastPart)
	u := begin(t, open(t, name), old)
	write(t, u, old, 0)
	if err := u.Detach(t.Context()); err != nil {
		t.Fatal(err)
	}
	u = begin(t, open(t, name), old)
	if len(u.Durable()) != 1 {
		t.Fatalf("durable %v", u.Durable())
	}
	w, err := u.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tranship.WriteZeros(w, leastPart), w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Commit(t.Context(), tranship.Commit{Size: leastPart, CRC32C: new(tranship.ZerosCRC32C(leastPart))}); err != nil {
		t.Fatal(err)
	}
	filetest.MustHave(t, open(t, name), "copy", make([]byte, leastPart))
}
