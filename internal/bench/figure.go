package main

// The figures of a contestant in one case, from all its rounds that count.

func (r result) over(value func(sample) float64) statistic {
	values := make([]float64, len(r.Samples))
	for i, s := range r.Samples {
		values[i] = value(s)
	}
	return summarize(values)
}

func (r result) clientPeak() statistic {
	return r.over(func(s sample) float64 { return float64(s.ClientPeak) })
}

func (r result) serverPeak() statistic {
	return r.over(func(s sample) float64 { return float64(s.ServerPeak) })
}

// rate returns the files a second.
func (r result) rate() statistic {
	return r.over(func(s sample) float64 { return float64(r.Files) / s.Seconds })
}

// linkShare returns the part of an emulated link's bandwidth that was used.
func (r result) linkShare() statistic {
	return r.over(func(s sample) float64 { return float64(r.Bytes) / s.Seconds / linkBytesPerSecond })
}

// clientCalls and serverCalls return the system calls a file, without those that only wait.
func (r result) clientCalls() statistic {
	return r.over(func(s sample) float64 { return float64(s.ClientCalls.working()) / float64(r.Files) })
}

func (r result) serverCalls() statistic {
	return r.over(func(s sample) float64 { return float64(s.ServerCalls.working()) / float64(r.Files) })
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

// processorTime returns the processor time of both ends as a multiple of other's.
func (r result) processorTime(other result) statistic {
	return r.ratio(other, func(s sample) float64 { return s.ClientCPU + s.ServerCPU })
}
