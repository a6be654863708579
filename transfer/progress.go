package transfer

import "sync/atomic"

// Progress counts what a copy has to do and has done. The zero value is ready to
// use, for one copy after the other. It is safe for concurrent use, at any time.
type Progress struct {
	files, filesDone, bytes, bytesDone atomic.Int64
	unlisted                           atomic.Int64
	unknown                            atomic.Bool
}

// Count is a Progress at one moment. Totals grow until all is listed.
type Count struct {
	// Files are all, FilesDone those that are copied, skipped or have failed.
	Files, FilesDone int64
	// Bytes are of all files, BytesDone of what has been copied and skipped.
	Bytes, BytesDone int64
	// Final: Bytes will not change any more, because all files are listed and
	// have known sizes.
	Final bool
}

// Count tells how far it is.
func (p *Progress) Count() Count {
	return Count{
		Files:     p.files.Load(),
		FilesDone: p.filesDone.Load(),
		Bytes:     p.bytes.Load(),
		BytesDone: p.bytesDone.Load(),
		Final:     p.unlisted.Load() == 0 && !p.unknown.Load(),
	}
}

// begin notes that there is another sequence to list; its result ends that.
func (p *Progress) begin() (end func()) {
	p.unlisted.Add(1)
	return func() { p.unlisted.Add(-1) }
}

func (p *Progress) listed(size int64) {
	p.files.Add(1)
	if size < 0 {
		p.unknown.Store(true)
		return
	}
	p.bytes.Add(size)
}

// moved counts bytes; what an attempt that failed had moved is taken back.
func (p *Progress) moved(n int64) { p.bytesDone.Add(n) }

func (p *Progress) done() { p.filesDone.Add(1) }
