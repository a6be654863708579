package compat

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/tranship/tranship"
)

func TestCut(t *testing.T) {
	failure := errors.New("failure")
	for _, test := range []struct {
		size int
		want []int
		// fail is the number, from 1, of the message that cannot be sent; 0 means none.
		fail int
	}{
		{size: 0},
		{size: 1, want: []int{1}},
		{size: MessageBytes, want: []int{MessageBytes}},
		{size: 2*MessageBytes + 1, want: []int{MessageBytes, MessageBytes, 1}},
		{size: 2*MessageBytes + 1, want: []int{MessageBytes, MessageBytes}, fail: 2},
		{size: 2*MessageBytes + 1, want: []int{MessageBytes, MessageBytes, 1}, fail: 3},
	} {
		data := bytes.Repeat([]byte("0123456789abc"), test.size/13+1)[:test.size]
		released, sizes, sent := 0, []int(nil), []byte(nil)
		whole := tranship.NewChunk(slices.Collect(slices.Chunk(data, 16<<10)), tranship.CRC32C(data), func() { released++ })
		err := Cut(whole, func(c tranship.Chunk) error {
			defer c.Release()
			sizes = append(sizes, c.Len())
			sent = append(sent, slices.Concat(c.Pieces...)...)
			if len(sizes) == test.fail {
				return failure
			}
			return nil
		})
		if (test.fail > 0) != errors.Is(err, failure) || test.fail == 0 && err != nil {
			t.Errorf("%d bytes: %v", test.size, err)
		}
		if !slices.Equal(sizes, test.want) || !bytes.HasPrefix(data, sent) || released != 1 {
			t.Errorf("%d bytes went in %v, want %v; released %d times", test.size, sizes, test.want, released)
		}
	}
}
