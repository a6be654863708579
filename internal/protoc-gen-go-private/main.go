// Command protoc-gen-go-private is protoc-gen-go, except that the generated code
// registers its descriptors in separate registries instead of protobuf's global ones. The
// compatibility protocols need that: they use names without a package, such as
// FileHeader, which a program's own generated code may use as well, and the global
// registry panics at start-up if two do.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"io"
	"os"
	"os/exec"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"
)

// generator is the command for the protoc-gen-go of the protobuf module in go.mod.
var generator = []string{"go", "run", "google.golang.org/protobuf/cmd/protoc-gen-go"}

// edits replace the global registries; each must apply exactly once.
var edits = []struct{ old, new string }{
	{
		old: "import (\n",
		new: "import (\n\tprotoregistry \"google.golang.org/protobuf/reflect/protoregistry\"\n",
	},
	{
		old: "File: protoimpl.DescBuilder{\n",
		new: "File: protoimpl.DescBuilder{\n\tFileRegistry: new(protoregistry.Files),\n",
	},
	{
		old: "out := protoimpl.TypeBuilder{\n",
		new: "out := protoimpl.TypeBuilder{\n\tTypeRegistry: new(protoregistry.Types),\n",
	},
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "protoc-gen-go-private:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	cmd := exec.Command(generator[0], generator[1:]...)
	cmd.Stdin, cmd.Stderr = in, os.Stderr
	encoded, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("protoc-gen-go: %w", err)
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(encoded, &response); err != nil {
		return fmt.Errorf("protoc-gen-go's response: %w", err)
	}
	for _, file := range response.GetFile() {
		content, err := privatize(file.GetContent())
		if err != nil {
			return fmt.Errorf("%s: %w", file.GetName(), err)
		}
		file.Content = &content
	}
	encoded, err = proto.Marshal(&response)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, bytes.NewReader(encoded))
	return err
}

func privatize(source string) (string, error) {
	for _, edit := range edits {
		if n := strings.Count(source, edit.old); n != 1 {
			return "", fmt.Errorf("found %d of %q, want 1: protoc-gen-go's output has changed", n, edit.old)
		}
		source = strings.Replace(source, edit.old, edit.new, 1)
	}
	formatted, err := format.Source([]byte(source))
	return string(formatted), err
}
