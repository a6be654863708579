package grpcadmission

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/server/internal/admission"
)

// namesOf returns what a request names: its paths, or its upload.
func namesOf(request any) (names admission.Names) {
	switch message := request.(type) {
	case *payload.Message:
		request = message.Proto
	case interface{ Target() proto.Message }: // of grpcdesc.Strict
		request = message.Target()
	}
	message, ok := request.(proto.Message)
	if !ok {
		return names
	}
	texts := map[protoreflect.Name]string{}
	collect(message.ProtoReflect(), texts)
	for _, field := range []protoreflect.Name{"path", "directory", "source_path"} {
		if value, ok := texts[field]; ok {
			names.Path = value
			break
		}
	}
	if name, extension := texts["filename"], texts["extension"]; name+extension != "" {
		names.Path = name + extension
	}
	names.Destination, names.Upload = texts["destination_path"], texts["upload_id"]
	return names
}

// collect adds the texts of a message, and of the messages directly in it, by the names
// of their fields.
func collect(message protoreflect.Message, texts map[protoreflect.Name]string) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsList() || field.IsMap():
		case field.Kind() == protoreflect.StringKind:
			texts[field.Name()] = value.String()
		case field.Kind() == protoreflect.MessageKind:
			value.Message().Range(func(inner protoreflect.FieldDescriptor, value protoreflect.Value) bool {
				if inner.Kind() == protoreflect.StringKind && !inner.IsList() {
					texts[inner.Name()] = value.String()
				}
				return true
			})
		}
		return true
	})
}
