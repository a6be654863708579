package tranship_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"net/http"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// Everything that takes an fs.FS can read a store.
func ExampleFS() {
	ctx := context.Background()
	store := &mem.Store{} // or a client.Client
	for _, path := range []string{"docs/b.txt", "docs/a.txt", "index.html"} {
		if _, err := store.Put(ctx, tranship.Spec{Path: path}, []byte("text")); err != nil {
			log.Fatal(err)
		}
	}

	files := tranship.FS(ctx, store)
	names, err := fs.Glob(files, "docs/*.txt")
	fmt.Println(names, err)

	handler := http.FileServer(http.FS(files))
	_ = handler // as in http.ListenAndServe(address, handler)
	// Output: [docs/a.txt docs/b.txt] <nil>
}
