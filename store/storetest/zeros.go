package storetest

import (
	"bytes"
	"io"
	"testing"

	"github.com/tranship/tranship"
)

// TestZeros tests the tranship.ZeroReader of the store's contents and the
// tranship.ZeroWriter of its part writers. It fails if tranship.As does not find the first
// although reads is set, or the second although writes is set. Each test calls open once, as
// for Test.
func TestZeros(t *testing.T, open func(t *testing.T) tranship.Store, reads, writes bool) {
	f := fixture{T: t, ctx: t.Context(), store: open(t)}
	if reads {
		f.put("file", []byte("data"))
		claim[tranship.ZeroReader](t, f.open("file", tranship.OpenOptions{}))
	}
	if writes {
		writer := f.part(f.begin(tranship.Spec{Path: "upload", Size: new(int64(4))}), 0)
		claim[tranship.ZeroWriter](t, writer)
		f.closeWriter(writer)
	}
	runAll(t, open, nil, zeroTests())
}

func zeroTests() []test {
	return []test{
		{"runs", zeroRuns},
		{"over bytes", zerosOverBytes},
		{"too many", zerosTooMany},
	}
}

// zeroRuns writes bytes and zeros in turn, and reads them back in both ways.
func zeroRuns(f fixture) {
	const size = 3_000_017
	for _, run := range []int64{4096, 65_536, 1_000_003, size} {
		for _, zerosFirst := range []bool{false, true} {
			data := content(5, size)
			upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(size))})
			for n := int64(0); n*upload.PartSize() < size; n++ {
				writer := f.part(upload, int(n))
				end := min((n+1)*upload.PartSize(), size)
				for at := n * upload.PartSize(); at < end; {
					next := min((at/run+1)*run, end)
					if zeros := (at/run%2 == 0) == zerosFirst; zeros {
						clear(data[at:next])
						if err := tranship.WriteZeros(writer, next-at); err != nil {
							f.Fatalf("WriteZeros: %v", err)
						}
					} else if _, err := writer.Write(data[at:next]); err != nil {
						f.Fatalf("Write: %v", err)
					}
					at = next
				}
				f.closeWriter(writer)
			}
			f.commit(upload, data)
			f.has("file", data)
			for _, offset := range []int64{0, 1, run / 2, size - 1, size} {
				f.readsZeros("file", data, offset)
			}
		}
	}
}

// readsZeros reads a file from an offset with its ZeroReader, if it has one.
func (f fixture) readsZeros(path string, data []byte, offset int64) {
	f.Helper()
	opened := f.open(path, tranship.OpenOptions{Offset: offset})
	zeros, ok := tranship.As[tranship.ZeroReader](opened)
	var got []byte
	buffer := make([]byte, 100_000)
	for {
		if ok {
			n, err := zeros.ReadZeros(77_777)
			if err != nil || n < 0 || n > 77_777 {
				f.Fatalf("ReadZeros is %d, %v", n, err)
			}
			if got = append(got, make([]byte, n)...); n > 0 {
				continue
			}
		}
		n, err := opened.Read(buffer)
		got = append(got, buffer[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			f.Fatalf("Read: %v", err)
		}
	}
	if !bytes.Equal(got, data[offset:]) {
		f.Fatalf("from %d: read %d bytes, which are not the last %d of the file", offset, len(got), int64(len(data))-offset)
	}
}

// zerosOverBytes begins a part again that had bytes.
func zerosOverBytes(f fixture) {
	const size = 20_000
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(size))})
	length := min(upload.PartSize(), size)
	data := content(6, size)
	for n := int64(0); n*upload.PartSize() < size; n++ {
		f.writePart(upload, int(n), data[n*upload.PartSize():min((n+1)*upload.PartSize(), size)])
	}
	writer := f.part(upload, 0)
	if _, err := writer.Write(data[:1]); err != nil {
		f.Fatalf("Write: %v", err)
	}
	if err := tranship.WriteZeros(writer, length-2); err != nil {
		f.Fatalf("WriteZeros: %v", err)
	}
	if _, err := writer.Write(data[length-1 : length]); err != nil {
		f.Fatalf("Write: %v", err)
	}
	f.closeWriter(writer)
	clear(data[1 : length-1])
	f.commit(upload, data)
	f.has("file", data)
}

func zerosTooMany(f fixture) {
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(100))})
	writer := f.part(upload, 0)
	for _, n := range []int64{101, 1 << 40, 1<<63 - 1} {
		zeros, ok := tranship.As[tranship.ZeroWriter](writer)
		if !ok {
			break
		}
		f.fails("WriteZeros beyond the size", zeros.WriteZeros(n), tranship.ErrInvalid)
	}
	if err := tranship.WriteZeros(writer, 100); err != nil {
		f.Fatalf("WriteZeros: %v", err)
	}
	f.closeWriter(writer)
	f.commit(upload, make([]byte, 100))
	f.has("file", make([]byte, 100))
}
