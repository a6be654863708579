package disk

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

const (
	// killDirectory is the variable that makes this test program the process of TestTailsKilled:
	// the directory of its store.
	killDirectory = "DISK_KILL_DIRECTORY"
	// killSeed decides where its pieces end.
	killSeed = "DISK_KILL_SEED"

	killSize = 40*tiny + 1234
)

func killContent() []byte { return noise(3, killSize) }

// TestTailsKilled kills a process again and again while it uploads pieces that end at any byte. What
// the store has acknowledged must be there afterwards, and the file right in the end.
func TestTailsKilled(t *testing.T) {
	t.Parallel()
	if os.Getenv(killDirectory) != "" {
		t.Skip("this is the process to be killed")
	}
	const kills = 25
	random := rand.New(rand.NewPCG(1, 0))
	directory := t.TempDir()
	var acknowledged int64
	killed := 0
	for round := 0; ; round++ {
		lines := random.IntN(2 * killSize / (tiny / 4) / kills)
		if killed >= kills {
			lines = -1
		}
		p := startKilled(t, directory, random.Uint64())
		done, reached := p.follow(t, acknowledged, lines)
		acknowledged = reached
		if done {
			break
		}
		killed++
		if round > 10*kills {
			t.Fatalf("after %d processes %d bytes are there", round, acknowledged)
		}
	}
	t.Logf("killed %d times", killed)
	if killed < 3 {
		t.Errorf("only %d processes were killed", killed)
	}
	store, err := Open(directory, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	f := fixture{T: t, directory: directory, Store: store}
	if read, err := f.read("file"); err != nil || read != string(killContent()) {
		t.Errorf("the file has %d bytes that differ, or %v", len(read), err)
	}
	for info, err := range store.ListUploads(t.Context(), "") {
		t.Errorf("an upload remains: %+v, %v", info, err)
	}
}

// killedProcess is a process that may be killed at any moment.
type killedProcess struct {
	command *exec.Cmd
	// input lets the process go on by one line for each byte.
	input  io.Writer
	output io.Reader
	errors *strings.Builder
}

// killAhead is how many lines the process may be ahead of what was read of it: it is killed
// somewhere in them.
const killAhead = 4

func startKilled(t *testing.T, directory string, seed uint64) *killedProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// #nosec G204: the program is this one.
	command := exec.CommandContext(t.Context(), self, "-test.run=^TestTailsProcess$")
	command.Env = append(os.Environ(), killDirectory+"="+directory, killSeed+"="+strconv.FormatUint(seed, 10))
	p := &killedProcess{command: command, errors: new(strings.Builder)}
	command.Stderr = p.errors
	if p.output, err = command.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if p.input, err = command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p.goOn(killAhead)
	return p
}

// goOn lets the process say so many lines more. It may have ended.
func (p *killedProcess) goOn(lines int) { _, _ = p.input.Write(make([]byte, lines)) }

// follow reads what the process says, and kills it after so many lines; never if lines is negative.
// It returns how many bytes the process has acknowledged in the end, which must not be fewer than
// before, and whether it has committed.
func (p *killedProcess) follow(t *testing.T, before int64, lines int) (done bool, acknowledged int64) {
	t.Helper()
	acknowledged = before
	var said []string
	killed, failed := false, false
	for scanner := bufio.NewScanner(p.output); scanner.Scan(); {
		line := scanner.Text()
		said = append(said, line)
		word, number, _ := strings.Cut(line, " ")
		offset, _ := strconv.ParseInt(number, 10, 64)
		switch word {
		case "has":
			if offset < acknowledged {
				t.Fatalf("after a kill %d bytes are there, of %d that were acknowledged", offset, acknowledged)
			}
		case "ack":
			acknowledged = offset
		case "done":
			done = true
		case "---", "FAIL", "panic:":
			failed = failed || !strings.HasPrefix(line, "--- PASS")
		}
		if lines >= 0 && len(said) > lines && !killed {
			_ = p.command.Process.Kill() // the rest of what it said counts too
			killed = true
		}
		p.goOn(1)
	}
	if err := p.command.Wait(); failed || err != nil && !killed || err == nil && !done {
		t.Fatalf("the process said %q, and ended with %v: %s", said, err, p.errors)
	}
	return done, acknowledged
}

// TestTailsProcess is the process of TestTailsKilled. It uploads piece by piece, and says what it is
// about to write and what the store has acknowledged.
func TestTailsProcess(t *testing.T) {
	directory := os.Getenv(killDirectory)
	if directory == "" {
		t.Skip("TestTailsKilled starts this process")
	}
	seed, err := strconv.ParseUint(os.Getenv(killSeed), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 1))
	store, err := Open(directory, Options{UploadExpiry: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{T: t, directory: directory, Store: store}.withTinyParts()
	content := killContent()
	spec := resumable("file", content)
	u := f.begin(spec)
	if u.Committed() {
		say("has", killSize)
	} else {
		offset := f.offset(u)
		say("has", offset)
		for offset < killSize {
			if random.IntN(4) == 0 {
				f.detach(u)
				u = f.begin(spec)
			}
			end := min(offset+1+random.Int64N(tiny), killSize)
			say("write", end)
			f.writePiece(u, content[:end], offset)
			offset = end
			say("ack", offset)
		}
	}
	if _, err := u.Commit(t.Context(), tranship.Commit{Size: killSize, CRC32C: new(tranship.CRC32C(content))}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("done")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// say writes a line for the test, and waits until it may.
func say(word string, offset int64) {
	if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
		os.Exit(2) // the test has ended
	}
	fmt.Println(word, offset)
}

// offset returns how many bytes of an upload are there without a gap: whole parts, and the tail.
func (f fixture) offset(u *upload) (offset int64) {
	for _, r := range u.Durable() {
		if r.Offset == offset {
			offset += r.Length
		}
	}
	if tail := u.Tail(); tail.Length > 0 && tail.Offset == offset {
		offset += tail.Length
	}
	return offset
}

// writePiece writes the bytes of content from an offset, which may begin and end within parts, and
// makes them durable.
func (f fixture) writePiece(u *upload, content []byte, offset int64) {
	f.Helper()
	for size := int64(len(content)); offset < size; {
		n := offset / tiny
		end := min((n+1)*tiny, size)
		if offset%tiny == 0 {
			f.writeTail(u, int(n), content[offset:end])
		} else {
			f.continueTail(u, content[offset:end])
		}
		offset = end
	}
	f.sync(u)
}
