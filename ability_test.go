package tranship_test

import (
	"testing"

	"github.com/tranship/tranship"
)

// greeter and later are abilities; wrapper was written when only greeter was known.
type greeter interface{ Greet() string }

type later interface{ Later() string }

type bare struct{}

type able struct{}

func (able) Greet() string { return "able" }
func (able) Later() string { return "able" }
func (able) Width() int    { return 3 }

// wrapper has the ability greeter itself and passes hints.
type wrapper struct{ inner any }

func (w wrapper) Greet() string { return "wrapped " + w.inner.(greeter).Greet() }
func (w wrapper) Unwrap() any   { return w.inner }
func (w wrapper) Passes(ability any) bool {
	_, is := ability.(*tranship.WidthHinter)
	return is
}

func TestAs(t *testing.T) {
	for name, test := range map[string]struct {
		v any
		// greeting and late are what the abilities return; "" if there is none.
		greeting, late string
		width          int
	}{
		"nil":                     {nil, "", "", 0},
		"bare":                    {bare{}, "", "", 0},
		"able":                    {able{}, "able", "able", 3},
		"bare in a wrapper":       {wrapper{bare{}}, "", "", 0},
		"able in a wrapper":       {wrapper{able{}}, "wrapped able", "", 3},
		"bare in two":             {wrapper{wrapper{bare{}}}, "", "", 0},
		"able in two":             {wrapper{wrapper{able{}}}, "wrapped wrapped able", "", 3},
		"nothing in a wrapper":    {wrapper{}, "", "", 0},
		"pointer in able wrapper": {&wrapper{able{}}, "wrapped able", "", 3},
	} {
		var greeting, late string
		if g, ok := tranship.As[greeter](test.v); ok {
			greeting = g.Greet()
		}
		if l, ok := tranship.As[later](test.v); ok {
			late = l.Later()
		}
		if greeting != test.greeting || late != test.late || tranship.Width(test.v) != test.width {
			t.Errorf("%s: %q, %q and width %d", name, greeting, late, tranship.Width(test.v))
		}
	}
	// A caller's own interface with the same methods is not the ability that Passes names.
	if _, ok := tranship.As[interface{ Width() int }](wrapper{able{}}); ok {
		t.Error("an ability that the wrapper has not named bypasses it")
	}
	if _, ok := tranship.As[able](wrapper{able{}}); ok {
		t.Error("a concrete type bypasses the wrapper")
	}
}

// TestAsAllocations checks that the hot path does not allocate for wrappers.
func TestAsAllocations(t *testing.T) {
	var v any = &wrapper{&wrapper{&able{}}}
	if n := testing.AllocsPerRun(100, func() {
		if _, ok := tranship.As[greeter](v); !ok || tranship.Width(v) != 3 {
			t.Fatal("an ability was lost")
		}
	}); n != 0 {
		t.Errorf("As allocates %v times", n)
	}
}

func BenchmarkAs(b *testing.B) {
	for name, v := range map[string]any{"direct": &able{}, "wrapped": &wrapper{&wrapper{&able{}}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				tranship.As[tranship.WidthHinter](v)
			}
		})
	}
}
