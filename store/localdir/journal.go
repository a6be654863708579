package localdir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tranship/tranship"
)

// maxJournalLine bounds a line of a journal: the longest is the first, with a resume
// key in JSON's longest notation.
const maxJournalLine = 4096

// journal is what is known of a partial file: of which upload it is, and which parts
// of it are whole. On disk it is a line for each change, of JSON behind its CRC32C
// in hexadecimal, so that what a crash left of the last line is told from a line.
// It is a hint only: the parts are read back and compared.
type journal struct {
	head  journalHead
	epoch uint64
	// parts are the checksums of the whole parts.
	parts map[int]uint32
}

// journalHead is the first line.
type journalHead struct {
	Format   int    `json:"tranship_journal"`
	Key      string `json:"key"`
	Size     int64  `json:"size"`
	PartSize int64  `json:"part_size"`
}

// journalLine is any other line: the beginning of an epoch, the end of a part, or
// its beginning, which voids it.
type journalLine struct {
	Epoch  uint64  `json:"epoch,omitempty"`
	Part   *int    `json:"part,omitempty"`
	CRC32C *uint32 `json:"crc32c,omitempty"`
}

const journalFormat = 1

// errJournal means that a journal has not even a first line.
var errJournal = errors.New("the journal is damaged")

// readJournal reads a journal up to its end, or to the first line that is not whole,
// and returns how many bytes that is.
func readJournal(r io.Reader) (j journal, length int64, err error) {
	j.parts = map[int]uint32{}
	lines := bufio.NewReaderSize(r, maxJournalLine)
	length, err = nextLine(lines, &j.head)
	if err != nil {
		return journal{}, 0, err
	}
	if h := j.head; length == 0 || h.Format != journalFormat || h.Size < 1 || h.PartSize < 1 {
		return journal{}, 0, errJournal
	}
	for {
		var line journalLine
		n, err := nextLine(lines, &line)
		if err != nil {
			return journal{}, 0, err
		}
		if n == 0 || !j.add(line) {
			return j, length, nil
		}
		length += n
	}
}

// nextLine reads a line and returns its length; 0 if there is none that is whole.
func nextLine(lines *bufio.Reader, value any) (int64, error) {
	line, err := lines.ReadSlice('\n')
	if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
		return 0, nil
	}
	if err != nil {
		return 0, targetError(err)
	}
	sum, text, _ := bytes.Cut(line[:len(line)-1], []byte(" "))
	whole := string(sum) == lineSum(text) && json.Unmarshal(text, value) == nil
	if !whole {
		return 0, nil
	}
	return int64(len(line)), nil
}

// lineSum is what a line begins with.
func lineSum(text []byte) string { return fmt.Sprintf("%08x", tranship.CRC32C(text)) }

// add applies a line, or reports that it makes no sense.
func (j *journal) add(line journalLine) bool {
	if line.Epoch > 0 {
		j.epoch = line.Epoch
	}
	if line.Part == nil {
		return line.Epoch > 0
	}
	n := *line.Part
	if n < 0 || int64(n) > (j.head.Size-1)/j.head.PartSize {
		return false
	}
	if line.CRC32C == nil {
		delete(j.parts, n)
	} else {
		j.parts[n] = *line.CRC32C
	}
	return true
}

// bytes is how much of the file is in whole parts.
func (j *journal) bytes() (total int64) {
	for n := range j.parts {
		total += min(j.head.PartSize, j.head.Size-int64(n)*j.head.PartSize)
	}
	return total
}

// appendLine appends a line to a journal's file.
func appendLine(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s %s\n", lineSum(text), text); err != nil {
		return targetError(err)
	}
	return nil
}
