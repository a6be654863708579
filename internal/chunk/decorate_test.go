package chunk_test

import (
	"context"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/chunk"
)

type plain struct{ tranship.Upload }

type running struct{ plain }

func (running) Run(context.Context, int, int) (tranship.PartWriter, error) { return nil, nil }

func (running) ChunkBytes() int { return 1 }

type wide struct{ plain }

func (wide) Width() int { return 3 }

type both struct {
	running
	wideness
}

type wideness struct{}

func (wideness) Width() int { return 3 }

type outer struct{ tranship.Upload }

func (outer) ID() string { return "outer" }

func TestDecorated(t *testing.T) {
	for name, test := range map[string]struct {
		inner      tranship.Upload
		runs, wide bool
	}{
		"plain":   {plain{}, false, false},
		"running": {running{}, true, false},
		"wide":    {wide{}, false, true},
		"both":    {both{}, true, true},
	} {
		decorated := chunk.Decorated(outer{test.inner}, test.inner)
		_, runs := decorated.(chunk.Runner)
		_, isWide := decorated.(chunk.Wide)
		if decorated.ID() != "outer" || runs != test.runs || isWide != test.wide {
			t.Errorf("%s: %T", name, decorated)
		}
	}
}
