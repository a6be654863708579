package native

import (
	"context"
	"math"
)

// unlimitedMemory is the Memory of a Service that was given none.
type unlimitedMemory struct{}

var _ Memory = unlimitedMemory{}

// Hold implements Memory.
func (unlimitedMemory) Hold(context.Context, int64) error { return nil }

// TryHold implements Memory.
func (unlimitedMemory) TryHold(int64) bool { return true }

// Drop implements Memory.
func (unlimitedMemory) Drop(int64) {}

// GrantStreams implements Memory.
func (unlimitedMemory) GrantStreams(int64, int) int64 { return 1 }

// DropStreams implements Memory.
func (unlimitedMemory) DropStreams(int64) {}

// RepliesOfStream implements Memory.
func (unlimitedMemory) RepliesOfStream() int { return math.MaxInt / 2 }
