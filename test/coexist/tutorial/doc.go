// Package tutorial is the code of a user of the tutorial: FileSrv generated in the
// ordinary way, with its messages in the global registry under names without a package.
// Only the test in the parent directory uses it.
package tutorial

//go:generate sh -c "cd ../../.. && go tool -modfile=tools/go.mod buf generate --template test/coexist/tutorial/buf.gen.yaml proto/filesrv/v1"
