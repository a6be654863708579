package main

import (
	"testing"
)

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "2MiB": 2 << 20, "4194304": 4 << 20, "4096KiB": 4 << 20, "1GiB": 1 << 30, "3TiB": 3 << 40,
		"": -1, "4MB": -1, "-4MiB": -1, "9999999999GiB": -1, "4 MiB": -1, "MiB": -1,
	} {
		var size byteSize
		err := size.Set(text)
		if (err != nil) != (want < 0) || err == nil && int64(size) != want {
			t.Errorf("%q: %d, %v; want %d", text, size, err, want)
		}
	}
}

func TestMessageSize(t *testing.T) {
	for text, want := range map[string]int64{
		"2MiB": 2 << 20, "4194304": 4 << 20, "1GiB": 1 << 30,
		"": -1, "1": -1, "1MiB": -1, "2GiB": -1, "4MB": -1,
	} {
		var size messageSize
		err := size.Set(text)
		if (err != nil) != (want < 0) || err == nil && int64(size.byteSize) != want {
			t.Errorf("%q: %d, %v; want %d", text, size.byteSize, err, want)
		}
	}
}
