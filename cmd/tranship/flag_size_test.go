package main

import (
	"strings"
	"testing"
)

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "2MiB": 2 << 20, "4194304": 4 << 20, "4096KiB": 4 << 20, "1GiB": 1 << 30, "3TiB": 3 << 40,
		"10gb": 10e9, "10GB": 10e9, "4MB": 4e6, "10G": 10 << 30, "10g": 10 << 30, "10gib": 10 << 30, "7k": 7 << 10, "7kb": 7e3, "5b": 5, "5B": 5,
		"1.5G": 3 << 29, "0.1KiB": 102, "9223372036854775807": 1<<63 - 1,
		"": -1, "-4MiB": -1, "9999999999GiB": -1, "9223372036854775808": -1, "4 MiB": -1, "MiB": -1,
		"1.5": -1, "1.5B": -1, ".5G": -1, "1.G": -1, "1..5G": -1, "1e3": -1, "1/2G": -1, "+1G": -1, "0x1G": -1, "1i": -1, "1kbit": -1, "1ib": -1,
		strings.Repeat("0", 100): -1,
	} {
		var size byteSize
		err := size.Set(text)
		if (err != nil) != (want < 0) || err == nil && int64(size) != want {
			t.Errorf("%q: %d, %v; want %d", text, size, err, want)
		}
	}
}

func FuzzByteSize(f *testing.F) {
	for _, text := range []string{"", "0", "10gb", "1.5G", "4MiB", "9999999999GiB", "1e9"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var size, again byteSize
		if size.Set(text) != nil {
			return
		}
		if size < 0 {
			t.Fatalf("%q: %d", text, size)
		}
		if size > 0 && (again.Set(size.String()) != nil || again != size) {
			t.Fatalf("%q: %d is written as %q, which is %d", text, size, size.String(), again)
		}
	})
}

func TestMessageSize(t *testing.T) {
	for text, want := range map[string]int64{
		"2MiB": 2 << 20, "4194304": 4 << 20, "1GiB": 1 << 30, "4MB": 4e6,
		"": -1, "1": -1, "1MiB": -1, "2GiB": -1, "1MB": -1,
	} {
		var size messageSize
		err := size.Set(text)
		if (err != nil) != (want < 0) || err == nil && int64(size.byteSize) != want {
			t.Errorf("%q: %d, %v; want %d", text, size.byteSize, err, want)
		}
	}
}
