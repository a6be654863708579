package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// TestPrompt checks that a content remains prompt if a chunk is late once in a while, and not if
// chunks are late in a row.
func TestPrompt(t *testing.T) {
	var p prompt
	for range 100 {
		p.note(time.Second)
		for range latePoints {
			if !p.isPrompt() {
				t.Fatal("a content with one late chunk of five is not prompt")
			}
			p.note(promptTime)
		}
	}
	if p.note(time.Second); !p.isPrompt() {
		t.Error("a content is not prompt after one late chunk")
	}
	if p.note(time.Second); p.isPrompt() {
		t.Error("a content is prompt after two late chunks in a row")
	}
}

// countedContent sends the length of each read to reads.
type countedContent struct {
	memoryContent
	reads chan int
}

func (c countedContent) Read(p []byte) (int, error) {
	n, err := c.memoryContent.Read(p)
	c.reads <- n
	return n, err
}

// TestReadingOfPromptContent checks that a prompt content is read one chunk at a time, when
// the last has been taken, and that a late one is read ahead, and no byte is lost in between.
func TestReadingOfPromptContent(t *testing.T) {
	const chunks = 8
	content := random(chunks*bufferBytes + 7)
	for _, late := range []bool{false, true} {
		b := newBuffers(100)
		reads := make(chan int, 2*chunks)
		r, err := b.readSparse(t.Context(), oneBuffer, 3*bufferBytes/2, true, func(context.Context) (tranship.Content, error) {
			return countedContent{memoryContent{bytes.NewReader(content)}, reads}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for {
			next, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if live := b.live.Load(); r.full == nil && live != 1 {
				t.Errorf("%d buffers are in use while one chunk is written", live)
			}
			got = append(got, bytes.Join(next.Pieces, nil)...)
			next.Release()
			if late && r.prompt != nil {
				r.prompt.note(time.Hour)
				r.prompt.note(time.Hour)
				for len(reads) > 0 {
					<-reads
				}
			}
			if late && r.full != nil {
				late = false
				for range readChunks - 1 { // the chunk that was taken, and others
					<-reads
				}
			}
		}
		if isAhead := r.full != nil; isAhead && r.prompt != nil {
			t.Error("a content that is read ahead is still taken for prompt")
		}
		if late {
			t.Error("a late content was not read ahead")
		}
		if r.close(); b.live.Load() != 0 || !bytes.Equal(got, content) {
			t.Errorf("%d buffers were not released; all bytes: %v", b.live.Load(), bytes.Equal(got, content))
		}
	}
}

// TestReadingThatIsLateAndClosed checks that a reading which has begun to read ahead ends with its
// goroutine.
func TestReadingThatIsLateAndClosed(t *testing.T) {
	b := newBuffers(100)
	r, err := b.readSparse(t.Context(), oneBuffer, 10*bufferBytes, true, func(context.Context) (tranship.Content, error) {
		return memoryContent{bytes.NewReader(random(10 * bufferBytes))}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.prompt.points = mostPoints + 1
	next, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	next.Release()
	if r.full == nil {
		t.Error("a late content was not read ahead")
	}
	if r.close(); b.live.Load() != 0 {
		t.Errorf("%d buffers were not released", b.live.Load())
	}
}
