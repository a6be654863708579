package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"

	"github.com/tranship/tranship"
)

// TestRangeReader runs what a store promises whose contents are tranship.RangeReaders. It
// fails if tranship.As does not find them. Each test calls open once, as for Test.
func TestRangeReader(t *testing.T, open func(t *testing.T) tranship.Store) {
	f := fixture{T: t, ctx: t.Context(), store: open(t)}
	f.put("file", []byte("data"))
	claim[tranship.RangeReader](t, f.open("file", tranship.OpenOptions{}))
	runAll(t, open, nil, rangeReaderTests())
}

func rangeReaderTests() []test {
	return []test{
		{"any range", rangesAny},
		{"at once", rangesAtOnce},
		{"beside Read", rangesBesideRead},
		{"invalid", rangesInvalid},
		{"one version", rangesOfVersion},
		{"context", rangesContext},
	}
}

// ranges opens the ranges of a file that must be there. Where there is no RangeReader it
// skips the test.
func (f fixture) ranges(path string, options tranship.OpenOptions) (tranship.Content, tranship.RangeReader) {
	f.Helper()
	content := f.open(path, options)
	reader, ok := tranship.As[tranship.RangeReader](content)
	if !ok {
		f.Skip("the contents of the store are no RangeReaders")
	}
	return content, reader
}

// sameRange checks what ReadAt reads of data.
func sameRange(reader io.ReaderAt, data []byte, offset int64, length int) error {
	buffer := bytes.Repeat([]byte{0xDB}, length+1)
	n, err := reader.ReadAt(buffer[:length], offset)
	want := data[min(offset, int64(len(data))):]
	want = want[:min(len(want), length)]
	switch {
	case n < length && err != io.EOF, n == length && err != nil && err != io.EOF:
		return fmt.Errorf("ReadAt of %d bytes at %d returns %d, %w", length, offset, n, err)
	case n != len(want) || !bytes.Equal(buffer[:n], want) || buffer[length] != 0xDB:
		return fmt.Errorf("ReadAt of %d bytes at %d returns %d wrong bytes", length, offset, n)
	}
	return nil
}

func rangesAny(f fixture) {
	for _, size := range []int64{0, 1, 3000, 2_500_000} {
		data := content(2, size)
		f.upload(tranship.Spec{Path: "file"}, data)
		for _, options := range []tranship.OpenOptions{{}, {Length: new(int64(0))}, {Offset: size}, {Offset: size / 2, Length: new(int64(1))}} {
			opened, reader := f.ranges("file", options)
			for _, offset := range []int64{0, 1, size / 3, size - 1, size, size + 1, size + 1<<40} {
				for _, length := range []int{0, 1, 1000, int(size), int(size) + 1} {
					if offset < 0 {
						continue
					}
					if err := sameRange(reader, data, offset, length); err != nil {
						f.Fatalf("of %d bytes, opened with %+v: %v", size, options, err)
					}
				}
			}
			if err := opened.Close(); err != nil {
				f.Fatalf("Close: %v", err)
			}
			if _, err := reader.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
				f.Fatalf("ReadAt after Close is %v, want fs.ErrClosed", err)
			}
		}
	}
}

func rangesAtOnce(f fixture) {
	data := content(3, 1_500_000)
	f.upload(tranship.Spec{Path: "file"}, data)
	_, reader := f.ranges("file", tranship.OpenOptions{Length: new(int64(0))})
	for _, err := range together(16, func(i int) error {
		for j := range 20 {
			offset := int64(i*92_821+j*377_717) % int64(len(data))
			if err := sameRange(reader, data, offset, 1+(i*j*1013)%100_000); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			f.Fatal(err)
		}
	}
}

func rangesBesideRead(f fixture) {
	data := content(4, 700_000)
	f.upload(tranship.Spec{Path: "file"}, data)
	opened, reader := f.ranges("file", tranship.OpenOptions{Offset: 100, Length: new(int64(600_000))})
	var got bytes.Buffer
	buffer := make([]byte, 50_000)
	for i := 0; ; i++ {
		n, err := opened.Read(buffer)
		got.Write(buffer[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			f.Fatalf("Read: %v", err)
		}
		if err := sameRange(reader, data, int64(i*997%len(data)), 1000); err != nil {
			f.Fatal(err)
		}
	}
	f.sameBytes(got.Bytes(), data[100:600_100])
}

func rangesInvalid(f fixture) {
	f.put("file", []byte("data"))
	_, reader := f.ranges("file", tranship.OpenOptions{})
	_, err := reader.ReadAt(make([]byte, 1), -1)
	f.invalid("ReadAt of a negative offset", err)
}

// rangesOfVersion replaces and removes a file: what is read then is of the version that
// was opened, or fails.
func rangesOfVersion(f fixture) {
	data := content(5, 5000)
	for name, change := range map[string]func(){
		"replaced": func() { f.put("file", content(6, 5000)) },
		"removed":  func() { f.remove("file") },
	} {
		f.put("file", data)
		_, reader := f.ranges("file", tranship.OpenOptions{})
		if err := sameRange(reader, data, 1000, 1000); err != nil {
			f.Fatal(err)
		}
		change()
		err := sameRange(reader, data, 2000, 1000)
		if err != nil && !errors.Is(err, tranship.ErrPrecondition) && !errors.Is(err, tranship.ErrNotFound) {
			f.Fatalf("of a file that was %s: %v", name, err)
		}
	}
}

func rangesContext(f fixture) {
	f.put("file", []byte("data"))
	ctx, cancel := context.WithCancel(f.Context())
	defer cancel()
	ended := f
	ended.ctx = ctx
	_, reader := ended.ranges("file", tranship.OpenOptions{})
	cancel()
	_, err := reader.ReadAt(make([]byte, 1), 0)
	f.fails("ReadAt after the end of the context", err, context.Canceled)
}
