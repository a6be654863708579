package main

import (
	"fmt"
	"slices"
)

// statistic summarizes the values of several rounds.
type statistic struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	N      int     `json:"n"`
}

func summarize(values []float64) statistic {
	if len(values) == 0 {
		return statistic{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return statistic{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1], N: len(sorted)}
}

// speedup returns the speed of r as a multiple of other's, from the rounds that both
// have. A temporary slowdown of the machine affects both of them.
func (r result) speedup(other result) statistic {
	return r.ratio(other, func(s sample) float64 { return 1 / s.Seconds })
}

// ratio returns the ratio of a value of r to that of other, round by round.
func (r result) ratio(other result, value func(sample) float64) statistic {
	theirs := map[int]float64{}
	for _, s := range other.Samples {
		theirs[s.Round] = value(s)
	}
	var ratios []float64
	for _, s := range r.Samples {
		if their := theirs[s.Round]; their > 0 {
			ratios = append(ratios, value(s)/their)
		}
	}
	return summarize(ratios)
}

// scaled returns s in another unit; 0 means the same unit.
func (s statistic) scaled(unit float64) statistic {
	if unit == 0 {
		return s
	}
	return statistic{Median: s.Median / unit, Min: s.Min / unit, Max: s.Max / unit, N: s.N}
}

// format returns the median, with the minimum and the maximum in parentheses.
func (s statistic) format(digits int) string {
	switch s.N {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf("%.*f", digits, s.Median)
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, s.Median, digits, s.Min, digits, s.Max)
}
