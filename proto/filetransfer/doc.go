// Package filetransfer is the FileTransfer protocol: Go code generated from
// file_transfer.proto, which explains it. Its messages are not in protobuf's
// global registry.
package filetransfer
