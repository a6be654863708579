package storetest

import (
	"bytes"

	"github.com/tranship/tranship"
)

func putTests() []test {
	return []test{
		{"sizes", putSizes},
		{"replaces", putReplaces},
		{"limit", putLimit},
		{"declared size", putSize},
		{"negative size", putNegativeSize},
		{"durability", putDurability},
		{"the same bytes under many paths", putSame},
		{"answer is the caller's", putAnswer},
	}
}

func putSizes(f fixture) {
	for _, size := range []int64{0, 1, 4095, 4096, 4097, 65536, tranship.MaxPutBytes - 1, tranship.MaxPutBytes} {
		data := content(1, size)
		file := f.put("file", data)
		f.sameFile(f.has("file", data), file)
	}
	if _, err := f.store.Put(f.Context(), tranship.Spec{Path: "nil"}, nil); err != nil {
		f.Fatalf("Put of nil: %v", err)
	}
	f.has("nil", nil)
}

func putReplaces(f fixture) {
	versions := make(map[string]bool)
	for seed := range byte(5) {
		data := content(seed, 100) // same size, and perhaps the same second
		file := f.put("file", data)
		if versions[file.Version] {
			f.Fatalf("version %s came twice", file.Version)
		}
		versions[file.Version] = true
		f.sameFile(f.has("file", data), file)
	}
	f.put("file", []byte("shorter"))
	f.has("file", []byte("shorter"))
	f.lists(tranship.ListOptions{}, "file")
}

func putLimit(f fixture) {
	kept := f.put("kept", []byte("kept"))
	for _, path := range []string{"new", "kept"} {
		_, err := f.store.Put(f.Context(), tranship.Spec{Path: path}, make([]byte, tranship.MaxPutBytes+1))
		f.fails("Put of too much", err, tranship.ErrLimit)
	}
	f.lists(tranship.ListOptions{}, "kept")
	f.sameFile(f.has("kept", []byte("kept")), kept)
}

func putSize(f fixture) {
	data := []byte("four")
	for _, size := range []int64{0, 3, 5} {
		_, err := f.store.Put(f.Context(), tranship.Spec{Path: "file", Size: &size}, data)
		f.invalid("Put with another size", err)
	}
	f.isEmpty()
	f.putSpec(tranship.Spec{Path: "file", Size: new(int64(4))}, data)
	f.putSpec(tranship.Spec{Path: "empty", Size: new(int64(0))}, nil)
	f.has("file", data)
	f.has("empty", nil)
}

func putNegativeSize(f fixture) {
	spec := tranship.Spec{Path: "file", Size: new(int64(-1))}
	_, err := f.store.Put(f.Context(), spec, nil)
	f.invalid("Put with a negative size", err)
	_, err = f.store.Begin(f.Context(), spec)
	f.invalid("Begin with a negative size", err)
	f.isEmpty()
}

func putDurability(f fixture) {
	for _, durability := range []tranship.Durability{
		tranship.DurabilityDefault, tranship.DurabilityWritten, tranship.DurabilityDurable,
	} {
		path := "put/" + durability.String()
		f.putSpec(tranship.Spec{Path: path, Durability: durability}, []byte(path))
		f.has(path, []byte(path))

		path = "uploaded/" + durability.String()
		f.upload(tranship.Spec{Path: path, Durability: durability}, []byte(path))
		f.has(path, []byte(path))
	}
	unknown := tranship.Spec{Path: "unknown", Durability: tranship.DurabilityDurable + 1}
	_, err := f.store.Put(f.Context(), unknown, nil)
	f.invalid("Put with an unknown durability", err)
	_, err = f.store.Begin(f.Context(), unknown)
	f.invalid("Begin with an unknown durability", err)
}

func putSame(f fixture) {
	data := bytes.Repeat([]byte("same"), 100)
	paths := []string{"a", "b", "c/a", "c/b"}
	for _, path := range paths {
		f.put(path, data)
	}
	f.remove("a")
	f.put("c/a", []byte("different"))
	f.has("b", data)
	f.has("c/b", data)
	f.has("c/a", []byte("different"))
}

// putAnswer changes the memory that it has passed to the store and got from the store. The
// store must not share it.
func putAnswer(f fixture) {
	metadata := map[string]string{"key": "value"}
	want := f.putSpec(tranship.Spec{Path: "file", Attributes: tranship.Attributes{Metadata: metadata}}, []byte("data"))
	metadata["key"] = "changed"

	for range 2 {
		file := f.has("file", []byte("data"))
		if file.Metadata["key"] != "value" {
			f.Fatalf("metadata is %v, want the value at the time of Put", file.Metadata)
		}
		file.Metadata["key"] = "changed"
		if file.CRC32C != nil {
			*file.CRC32C++
		}
		opened := f.open("file", tranship.OpenOptions{}).File()
		opened.Metadata["key"] = "changed"
	}
	f.sameFile(f.stat("file"), want)
}
