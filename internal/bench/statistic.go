package main

import (
	"fmt"
	"slices"
)

// statistic summarizes the values of several rounds.
type statistic struct {
	Median float64 `json:"median"`
	// Lower and Upper are the quartiles.
	Lower float64 `json:"lower_quartile"`
	Upper float64 `json:"upper_quartile"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	N     int     `json:"n"`
}

func summarize(values []float64) statistic {
	if len(values) == 0 {
		return statistic{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return statistic{
		Median: quantile(sorted, 0.5), Lower: quantile(sorted, 0.25), Upper: quantile(sorted, 0.75),
		Min: sorted[0], Max: sorted[len(sorted)-1], N: len(sorted),
	}
}

// quantile returns the value below which a share of the sorted values is, interpolated
// between the two values next to it.
func quantile(sorted []float64, share float64) float64 {
	place := share * float64(len(sorted)-1)
	below := int(place)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (place-float64(below))*(sorted[above]-sorted[below])
}

// scaled returns s in another unit; 0 means the same unit.
func (s statistic) scaled(unit float64) statistic {
	if unit == 0 {
		return s
	}
	return statistic{
		Median: s.Median / unit, Lower: s.Lower / unit, Upper: s.Upper / unit,
		Min: s.Min / unit, Max: s.Max / unit, N: s.N,
	}
}

// format returns the median, with the quartiles in parentheses.
func (s statistic) format(digits int) string {
	switch s.N {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf("%.*f", digits, s.Median)
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, s.Median, digits, s.Lower, digits, s.Upper)
}
