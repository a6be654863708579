package native

const (
	// pieceBytes is how much of a chunk is received, checked and written at once.
	pieceBytes = 512 << 10
	// largePieceBytes is how much it is while few uploads are under way: a whole chunk. The server then
	// waits for the client half as often; see docs/design/performance.md.
	largePieceBytes = 1 << 20
	// largePieceUploads is how many uploads are few, so that large pieces take 2 MiB more at most.
	largePieceUploads = 4
)

// pieceBytes returns how much of the next chunk may be received at once.
func (s *sessions) pieceBytes() int {
	if s.number() <= largePieceUploads {
		return largePieceBytes
	}
	return pieceBytes
}
