// Package timespan parses lengths of time, such as "12h", "1m30s" or "7d".
package timespan

import (
	"strconv"
	"strings"
	"time"
)

// Rule is the sentence that tells the user which texts Parse accepts.
const Rule = "it must be a duration with the units ms, s, m and h, such as 1m30s, or whole days, such as 7d"

// maxDays keeps the product with 24 hours within a time.Duration.
const maxDays = 100_000

// Parse returns the duration that a text means: whole days, such as 7d, or what time.ParseDuration
// accepts, also less than 0. More days than 100,000 are as many.
func Parse(text string) (d time.Duration, ok bool) {
	if days, found := strings.CutSuffix(text, "d"); found {
		if n, err := strconv.ParseUint(days, 10, 32); err == nil {
			return time.Duration(min(n, maxDays)) * 24 * time.Hour, true
		}
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}
