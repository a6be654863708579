package metrics

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server"
)

// other is the value of a label for all that has no value of its own.
const other = "other"

// nativeProtocol is the value of the label protocol of the native service.
const nativeProtocol = "tranship"

// httpProtocol is the value of the label protocol of files over HTTP.
const httpProtocol = "http"

// protocols are the values of the label protocol.
func protocols() []string { return []string{nativeProtocol, "filesrv", "filetransfer", httpProtocol} }

// transports are the values of the label transport.
func transports() []string {
	return []string{tranship.TransportGRPC, tranship.TransportLanes, tranship.TransportHTTP}
}

// protocolOf returns the protocol of a method that has moved a file.
func protocolOf(method string) string {
	switch {
	case strings.HasPrefix(method, "/tranship.v1."):
		return nativeProtocol
	case strings.HasPrefix(method, "/http/"):
		return httpProtocol
	case strings.HasPrefix(method, "/FileTransfer."):
		return "filetransfer"
	default:
		return "filesrv"
	}
}

// knownMethods returns the full names of the methods of all services that this program has.
func knownMethods() map[string]struct{} {
	known := map[string]struct{}{}
	for _, method := range server.HTTPMethods() {
		known[method] = struct{}{}
	}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				known["/"+string(service.FullName())+"/"+string(service.Methods().Get(j).Name())] = struct{}{}
			}
		}
		return true
	})
	return known
}
