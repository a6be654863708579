package linkemu

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/internal/testing/raced"
)

// gigabit is a link of 1 Gbit/s with half of a round trip of 100 ms.
var gigabit = Link{Delay: 50 * time.Millisecond, BytesPerSecond: 125_000_000, QueueBytes: 1 << 20}

// tolerance allows for rounding each segment to nanoseconds.
const tolerance = 10 * time.Microsecond

func near(got, want time.Duration) bool { return (got - want).Abs() <= tolerance }

// connect returns the ends of a connection over a line, in one direction. In the tests'
// bubbles, time passes only while all goroutines wait, so that it is exact.
func connect(t *testing.T, l *line) (sender, receiver net.Conn) {
	t.Helper()
	sender, from := net.Pipe()
	to, receiver := net.Pipe()
	done := make(chan struct{})
	cut := make(chan struct{})
	go func() {
		defer close(done)
		newPipe(l, from, to, cut).run()
	}()
	t.Cleanup(func() {
		close(cut)
		for _, conn := range []net.Conn{sender, from, to, receiver} {
			conn.Close()
		}
		<-done
	})
	return sender, receiver
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender, receiver := connect(t, newLine(gigabit))
		begun := time.Now()
		for range 3 {
			go sender.Write([]byte("ping"))
			sent := time.Now()
			if _, err := io.ReadFull(receiver, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(sent); !near(took, gigabit.Delay) {
				t.Errorf("arrived after %v, want %v", took, gigabit.Delay)
			}
		}
		if took := time.Since(begun); !near(took, 3*gigabit.Delay) {
			t.Errorf("three took %v, want %v", took, 3*gigabit.Delay)
		}
	})
}

func TestBandwidth(t *testing.T) {
	content := make([]byte, raced.Times(25_000_000))
	rand.NewChaCha8([32]byte{}).Read(content)
	want := time.Duration(raced.Times(200))*time.Millisecond + gigabit.Delay
	for _, test := range []struct {
		name string
		// pause comes before each read: a receiver may be late as long as it keeps up.
		pause time.Duration
	}{{"eager", 0}, {"late", 400 * time.Microsecond}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sender, receiver := connect(t, newLine(gigabit))
				begun := time.Now()
				go func() {
					sender.Write(content)
					sender.Close()
				}()
				var got []byte
				buffer := make([]byte, segmentBytes)
				for {
					n, err := receiver.Read(buffer)
					got = append(got, buffer[:n]...)
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(test.pause)
				}
				if took := time.Since(begun); (took - want).Abs() > tolerance+2*test.pause {
					t.Errorf("took %v, want %v", took, want)
				}
				if !bytes.Equal(got, content) {
					t.Error("what arrived is not what was sent")
				}
			})
		})
	}
}

// TestSharedBandwidth checks that all connections share the bandwidth of the link.
func TestSharedBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := newLine(gigabit)
		begun := time.Now()
		done := make(chan time.Duration)
		for range 4 {
			sender, receiver := connect(t, line)
			go func() {
				sender.Write(make([]byte, 6_250_000))
				sender.Close()
			}()
			go func() {
				io.Copy(io.Discard, receiver)
				done <- time.Since(begun)
			}()
		}
		var last time.Duration
		for range 4 {
			last = max(last, <-done)
		}
		if want := 200*time.Millisecond + gigabit.Delay; !near(last, want) {
			t.Errorf("four took %v, want %v", last, want)
		}
	})
}

// TestBackPressure checks that a receiver that does not read blocks only its own sender.
func TestBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := newLine(gigabit)
		sender, receiver := connect(t, line)
		var accepted atomic.Int64
		go func() {
			for {
				n, err := sender.Write(make([]byte, 1000))
				accepted.Add(int64(n))
				if err != nil {
					return
				}
			}
		}()
		time.Sleep(time.Minute)
		stopped := accepted.Load()
		// The capacity of the link and its queue are in flight.
		if least, most := int64(6_250_000+1<<20), int64(line.inFlight()); stopped < least || stopped > most {
			t.Errorf("%d bytes were accepted, want %d to %d", stopped, least, most)
		}
		other, end := connect(t, line)
		begun := time.Now()
		go other.Write([]byte("x"))
		if _, err := io.ReadFull(end, make([]byte, 1)); err != nil || !near(time.Since(begun), gigabit.Delay) {
			t.Errorf("another connection: %v after %v", err, time.Since(begun))
		}
		if _, err := io.ReadFull(receiver, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if more := accepted.Load() - stopped; more < 1<<20-segmentBytes || more > 1<<20+segmentBytes {
			t.Errorf("after 1 MiB was read, %d more bytes were accepted", more)
		}
	})
}

// TestQueue checks that the queue accepts its size at once, and then as much as leaves
// it.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender, _ := connect(t, newLine(gigabit))
		begun := time.Now()
		if _, err := sender.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); !near(took, 0) {
			t.Errorf("a queue of 1 MiB took %v for 1 MiB", took)
		}
		if _, err := sender.Write(make([]byte, 1_250_000)); err != nil {
			t.Fatal(err)
		}
		// Another segment has been read, and waits for room in the queue.
		waiting := newLine(gigabit).takes(segmentBytes)
		if took := time.Since(begun); took > 10*time.Millisecond || took < 10*time.Millisecond-2*waiting {
			t.Errorf("the bytes of 10 ms more were accepted after %v", took)
		}
	})
}

// TestReceiverGone checks that a sender notices when its receiver is gone.
func TestReceiverGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sender, receiver := connect(t, newLine(gigabit))
		receiver.Close()
		for {
			if _, err := sender.Write(make([]byte, 1000)); err != nil {
				return
			}
		}
	})
}

// TestSmallPackets checks that small packets do not retain whole buffers.
func TestSmallPackets(t *testing.T) {
	p := newPipe(newLine(gigabit), nil, nil, nil)
	buffer, _ := p.buffer()
	small := p.packet(buffer, 100)
	if cap(small.content) > 1000 {
		t.Errorf("100 bytes hold %d", cap(small.content))
	}
	if again, _ := p.buffer(); &again[0] != &buffer[0] {
		t.Error("the buffer was not used again")
	}
}
