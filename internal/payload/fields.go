package payload

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// errFields is the decoding error of a message with too many fields.
var errFields = errors.New("the message has too many fields")

// errEncoding is the decoding error of bytes that are no protobuf message.
var errEncoding = errors.New("the message is malformed")

// checkFields fails if an encoded message has more than most fields, including those of
// nested messages. A decoded field can take fifty times the memory of its bytes.
func checkFields(encoded []byte, message protoreflect.MessageDescriptor, most int) error {
	if len(encoded) <= most {
		return nil // no field has less than two bytes
	}
	left := most
	return countFields(encoded, message, &left)
}

func countFields(encoded []byte, message protoreflect.MessageDescriptor, left *int) error {
	for len(encoded) > 0 {
		if *left--; *left < 0 {
			return errFields
		}
		number, kind, n := protowire.ConsumeTag(encoded)
		if n < 0 {
			return errEncoding
		}
		encoded = encoded[n:]
		n = protowire.ConsumeFieldValue(number, kind, encoded)
		if n < 0 {
			return errEncoding
		}
		field := message.Fields().ByNumber(number)
		if field != nil && field.Message() != nil && kind == protowire.BytesType {
			inner, _ := protowire.ConsumeBytes(encoded)
			if err := countFields(inner, field.Message(), left); err != nil {
				return err
			}
		}
		encoded = encoded[n:]
	}
	return nil
}
