// Package tranship is the vocabulary of a system that moves files over gRPC: what
// a file, a path and an upload are, what a store of files must do, and how things
// fail. It depends on the standard library alone and moves nothing itself; the
// packages below it do:
//
//   - store/disk keeps files in a directory, store/mem in memory;
//   - server offers a store to the network, and client is a store on a server;
//   - transfer copies between any two stores, or a local directory and a store.
//
// Times are kept to at least the microsecond. Sizes and offsets are in bytes.
// Checksums are CRC32C throughout.
package tranship

// Limits that hold for every store and protocol.
const (
	// MaxPathBytes is the longest path.
	MaxPathBytes = 1024
	// MaxSegmentBytes is the longest segment of a path: what common file
	// systems take as a file name (NAME_MAX).
	MaxSegmentBytes = 255
	// MaxPutBytes is the largest file that Put takes, 1 MiB.
	MaxPutBytes = 1 << 20
	// MaxResumeKeyBytes is the longest resume key of an upload.
	MaxResumeKeyBytes = 256
	// MaxOwnerBytes is the longest name of an upload's owner.
	MaxOwnerBytes = 1024
	// MaxMetadataBytes bounds the keys and values of a file's user metadata
	// together. S3 allows 2 KB.
	MaxMetadataBytes = 2048
	// MaxMetadataEntries bounds their number, so that they fit into an extended
	// attribute of ext4, 4 KiB, in any reasonable encoding.
	MaxMetadataEntries = 64
	// MaxMetadataKeyBytes is the longest key of user metadata.
	MaxMetadataKeyBytes = 128
)
