// Package bytesize parses and formats numbers of bytes, such as "4194304", "4096KiB", "4MiB", "1.5G" or
// "10GB". The letter case of the unit does not matter. K and KiB are 1024 bytes, as in other
// commands, and KB is 1000.
package bytesize

import (
	"math/big"
	"strings"
)

// Rule is the sentence that tells the user which texts Parse accepts.
const Rule = "it must be a number of bytes, or a number with one of the units K, M, G, T or KiB, MiB, GiB, TiB (powers of 1024), or KB, MB, GB, TB (powers of 1000), without a space, such as 64MiB or 1.5G"

// maxText is the longest text of a size, in bytes.
const maxText = 64

// Parse returns the number of bytes that a text means, rounded down.
func Parse(text string) (n int64, ok bool) {
	end := strings.LastIndexFunc(text, func(r rune) bool { return r >= '0' && r <= '9' }) + 1
	number, unit := text[:end], strings.ToLower(text[end:])
	whole, fraction, pointed := strings.Cut(number, ".")
	if len(text) > maxText || !isDigits(whole) || pointed && !isDigits(fraction) {
		return 0, false
	}
	factor := int64(1)
	if unit != "" && unit != "b" {
		exponent := strings.IndexByte("kmgt", unit[0]) + 1
		base, known := map[string]int64{"": 1024, "ib": 1024, "b": 1000}[unit[1:]]
		if exponent == 0 || !known {
			return 0, false
		}
		for range exponent {
			factor *= base
		}
	} else if pointed { // there is no part of a byte
		return 0, false
	}
	value, ok := new(big.Rat).SetString(number)
	if !ok {
		return 0, false
	}
	value.Mul(value, new(big.Rat).SetInt64(factor))
	bytes := new(big.Int).Quo(value.Num(), value.Denom())
	return bytes.Int64(), bytes.IsInt64()
}

// isDigits reports whether a text has decimal digits, and nothing else.
func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
