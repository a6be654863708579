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

// values returns what a store makes of each kind for ann, who may not read what she
// writes, in an upload of unknown size.
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

// TestAbilities checks for each decorator and each ability of each kind that the decorator
// does with it what the table says, if what it wraps has it; and that there is none, if
// not. What is kept is then checked to do the decorator's part.
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
							t.Errorf("there is %T where nothing has it inside", found)
						}
					})
				}
			}
			for of, v := range able {
				_, wraps := d.fates[of]
				if _, found := tranship.As[unheard](v); found == wraps {
					t.Errorf("of the %s %T an ability that nobody has heard of is found: %v", of, v, found)
				}
			}
		})
	}
}

// check checks what d does with an ability that v has inside.
func (d decorator) check(t *testing.T, a ability, of kind, v any) {
	fates, wraps := d.fates[of]
	if !wraps {
		if !isAble(v) {
			t.Errorf("the %s is a %T: the table does not say what it does", of, v)
		}
		return
	}
	fate, said := fates[a.name]
	if !said {
		t.Fatalf("the table does not say what becomes of %s: add it", a.name)
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
	if got != fate.what {
		t.Errorf("found %T, which is %q, want it %s", found, got, fate.what)
	}
	if fate.what == "kept" {
		fate.check(t)
	}
}

// isAble reports whether v is of the store inside.
func isAble(v any) bool {
	switch v.(type) {
	case *ableStore, *ableUpload, *ableContent, *ablePart:
		return true
	}
	return false
}

// essential are the interfaces of package tranship that are not optional, or not of what a
// store returns.
var essential = []string{
	"Store", "Reader", "Writer", "Editor", "Uploads", "Upload", "PartWriter", "Content",
	"Wrapper", "DirectoryLedger", "Observer",
}

// TestKnown checks that the table has all abilities, and the fake has them: an interface
// of package tranship is an ability unless it is essential.
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
				t.Errorf("%s: the interface %s is neither in the table of abilities nor essential: say what each decorator does with it", name, spec.Name)
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
