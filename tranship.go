// Package tranship defines the contract of a system that moves files over gRPC: files,
// paths and uploads, the interfaces that a store of files implements, and their errors.
// It depends on the standard library alone, and moves no files itself. Other packages do:
//
//   - store/disk keeps files in a directory, store/mem in memory.
//   - server serves a store over a network, and client is the store of a remote server.
//   - transfer copies between any two stores, or between a local directory and a store.
//
// Times are kept to at least the microsecond. Sizes, offsets and lengths are in bytes.
// Checksums are CRC32C throughout.
package tranship

// Limits that hold for every store and protocol.
const (
	// MaxPathBytes is the maximum length of a path, in bytes.
	MaxPathBytes = 1024
	// MaxSegmentBytes is the maximum length of a segment of a path, in bytes. It is the
	// longest file name of common file systems (NAME_MAX).
	MaxSegmentBytes = 255
	// MaxPutBytes is the maximum size of a file that Put takes, 1 MiB.
	MaxPutBytes = 1 << 20
	// MaxResumeKeyBytes is the maximum length of the resume key of an upload, in bytes.
	MaxResumeKeyBytes = 256
	// MaxOwnerBytes is the maximum length of the name of an upload's owner, in bytes.
	MaxOwnerBytes = 1024
	// MaxMetadataBytes is the maximum length of all keys and values of a file's metadata
	// together, in bytes. S3 allows 2 KB.
	MaxMetadataBytes = 2048
	// MaxMetadataEntries is the maximum number of entries in a file's metadata. With it,
	// the metadata fits into an extended attribute of ext4, 4 KiB, in every reasonable
	// encoding.
	MaxMetadataEntries = 64
	// MaxMetadataKeyBytes is the maximum length of a key of metadata, in bytes.
	MaxMetadataKeyBytes = 128
)
