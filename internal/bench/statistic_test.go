package main

import "testing"

func TestSummarize(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   statistic
	}{
		{nil, statistic{}},
		{[]float64{3}, statistic{Median: 3, Lower: 3, Upper: 3, Min: 3, Max: 3, N: 1}},
		{[]float64{3, 1, 8}, statistic{Median: 3, Lower: 2, Upper: 5.5, Min: 1, Max: 8, N: 3}},
		{[]float64{4, 1, 8, 2}, statistic{Median: 3, Lower: 1.75, Upper: 5, Min: 1, Max: 8, N: 4}},
	} {
		if got := summarize(test.values); got != test.want {
			t.Errorf("%v: %+v, want %+v", test.values, got, test.want)
		}
	}
}

// samples returns samples of rounds 1, 2, … that took the given times.
func samples(seconds ...float64) []sample {
	var all []sample
	for i, s := range seconds {
		all = append(all, sample{Round: i + 1, Seconds: s, ClientCPU: s / 2, ServerCPU: s / 4, ServerPeak: 40 << 20})
	}
	return all
}

// TestSpeedup checks that the ratio is of equal rounds, not of medians, because a slow
// machine affects both.
func TestSpeedup(t *testing.T) {
	ours := result{Samples: samples(1, 10, 2)}
	theirs := result{Samples: samples(2, 20, 4, 100)}
	if got, want := ours.speedup(theirs), (statistic{Median: 2, Lower: 2, Upper: 2, Min: 2, Max: 2, N: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := ours.speedup(result{}); got.N != 0 {
		t.Errorf("without other samples: %+v", got)
	}
}

func TestFormat(t *testing.T) {
	for _, test := range []struct {
		statistic statistic
		want      string
	}{
		{statistic{}, "–"},
		{summarize([]float64{1.234}), "1.23"},
		{summarize([]float64{1, 2, 4}), "2.00 (1.50–3.00)"},
	} {
		if got := test.statistic.format(2); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
