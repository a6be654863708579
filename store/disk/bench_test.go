package disk

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship"
)

// BenchmarkPut puts 64 small files concurrently.
func BenchmarkPut(b *testing.B) {
	for _, durability := range []tranship.Durability{tranship.DurabilityWritten, tranship.DurabilityDurable} {
		b.Run(durability.String(), func(b *testing.B) {
			store, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			data := make([]byte, 4096)
			var n atomic.Int64
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					spec := tranship.Spec{Path: fmt.Sprintf("dir/sub/%d", n.Add(1)), Durability: durability}
					if _, err := store.Put(b.Context(), spec, data); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkPutBatch puts 64 small files of one directory in a batch.
func BenchmarkPutBatch(b *testing.B) {
	for _, durability := range []tranship.Durability{tranship.DurabilityWritten, tranship.DurabilityDurable} {
		b.Run(durability.String(), func(b *testing.B) {
			store, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			data := make([]byte, 4096)
			items := make([]tranship.PutItem, 64)
			n := 0
			for b.Loop() {
				for i := range items {
					n++
					path := fmt.Sprintf("dir/%d/%d", n/1000, n)
					items[i] = tranship.PutItem{Spec: tranship.Spec{Path: path, Durability: durability}, Data: data}
				}
				for _, result := range store.PutBatch(b.Context(), items) {
					if result.Err != nil {
						b.Fatal(result.Err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/file")
		})
	}
}

// BenchmarkUpload writes 64 MiB, one part after the other.
func BenchmarkUpload(b *testing.B) {
	for _, durability := range []tranship.Durability{tranship.DurabilityWritten, tranship.DurabilityDurable} {
		for _, key := range []string{"", "resumable"} {
			b.Run(durability.String()+key, func(b *testing.B) { benchmarkUpload(b, durability, key) })
		}
	}
}

func benchmarkUpload(b *testing.B, durability tranship.Durability, key string) {
	store, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	const size = 64 << 20
	data := make([]byte, 256<<10)
	b.SetBytes(size)
	for i := 0; b.Loop(); i++ {
		spec := tranship.Spec{Path: "file", Size: new(int64(size)), Durability: durability}
		if key != "" {
			spec.ResumeKey = fmt.Sprint(key, i)
		}
		upload, err := store.Begin(b.Context(), spec)
		if err != nil {
			b.Fatal(err)
		}
		for n := range int(size / upload.PartSize()) {
			writer, err := upload.Part(b.Context(), n)
			if err != nil {
				b.Fatal(err)
			}
			for range upload.PartSize() / int64(len(data)) {
				if _, err := writer.Write(data); err != nil {
					b.Fatal(err)
				}
			}
			if err := writer.Close(); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := upload.Commit(b.Context(), tranship.Commit{Size: size}); err != nil {
			b.Fatal(err)
		}
	}
}
