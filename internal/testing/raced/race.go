//go:build race

package raced

// On tells that the race detector is on.
const On = true
