package abilities

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// values returns a value of each kind from a store, for ann, who may write but not read
// the path of an upload of unknown size.
func values(t *testing.T, ctx context.Context, store tranship.Store) map[kind]any {
	t.Helper()
	if _, err := store.Put(ctx, tranship.Spec{Path: "readable"}, []byte("1234")); err != nil {
		t.Fatal(err)
	}
	content, err := store.Open(ctx, "readable", tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	upload, err := store.Begin(ctx, tranship.Spec{Path: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	part, err := upload.Part(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		part.Close()
		upload.Abort(context.WithoutCancel(ctx))
		content.Close()
	})
	return map[kind]any{ofStore: store, ofUpload: upload, ofContent: content, ofPart: part}
}

// TestAbilities checks for each decorator, kind and ability that the decorator treats the
// ability as the table describes if the wrapped value has it, and that the decorator does
// not offer it otherwise. If the ability is kept, it also runs the check of the
// decorator's own part.
func TestAbilities(t *testing.T) {
	for _, d := range decorators() {
		t.Run(d.name, func(t *testing.T) {
			ctx := access.NewContext(t.Context(), ann)
			able := values(t, ctx, d.wrap(t, newAbleStore()))
			bare := values(t, ctx, d.wrap(t, bareStore{newAbleStore().Store}))
			for _, a := range known {
				for _, of := range a.of {
					t.Run(string(of)+"/"+a.name, func(t *testing.T) {
						d.check(t, a, of, able[of])
						if found := a.find(bare[of]); found != nil {
							t.Errorf("found %T, which the wrapped value does not have", found)
						}
					})
				}
			}
			for of, v := range able {
				_, wraps := d.fates[of]
				if _, found := tranship.As[unheard](v); found == wraps {
					t.Errorf("the %s %T passes on an unknown ability: %v", of, v, found)
				}
			}
		})
	}
}

// check checks what d does with an ability that the wrapped value of v has.
func (d decorator) check(t *testing.T, a ability, of kind, v any) {
	fates, wraps := d.fates[of]
	if !wraps {
		if !isAble(v) {
			t.Errorf("the %s is a %T, which is not in the table", of, v)
		}
		return
	}
	treatment, said := fates[a.name]
	if !said {
		t.Fatalf("%s is not in the table: add it", a.name)
	}
	found := a.find(v)
	var got string
	switch {
	case found == nil:
		got = "hidden"
	case found == v:
		got = "kept"
	case isAble(found):
		got = "passed"
	}
	if got != treatment.what {
		t.Errorf("found %T, which is %q, want it %s", found, got, treatment.what)
	}
	if treatment.what == "kept" {
		treatment.check(t)
	}
}

// isAble reports whether v comes from the wrapped store.
func isAble(v any) bool {
	switch v.(type) {
	case *ableStore, *ableUpload, *ableContent, *ablePart:
		return true
	}
	return false
}

// essential are the interfaces of package tranship that are not optional, or not
// implemented by what a store returns.
var essential = []string{
	"Store", "Reader", "Writer", "Editor", "Uploads", "Upload", "PartWriter", "Content",
	"Wrapper", "DirectoryLedger", "Observer",
}

// TestKnown checks that the table has all abilities, and that the fake store implements
// them. An interface of package tranship is an ability unless it is essential.
func TestKnown(t *testing.T) {
	names := slices.Collect(func(yield func(string) bool) {
		for _, a := range known {
			if !yield(a.name) {
				return
			}
		}
	})
	files, err := filepath.Glob("../../*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if _, ok := spec.Type.(*ast.InterfaceType); ok && spec.Name.IsExported() && !slices.Contains(names, spec.Name.Name) && !slices.Contains(essential, spec.Name.Name) {
				t.Errorf("%s: the interface %s is neither in the table of abilities nor essential: add what each decorator does with it", name, spec.Name)
			}
			return true
		})
	}
	inside := values(t, t.Context(), newAbleStore())
	for _, a := range known {
		for _, of := range a.of {
			if a.find(inside[of]) == nil {
				t.Errorf("the fake %s lacks %s", of, a.name)
			}
		}
	}
}
