package server

import (
	"context"

	"github.com/tranship/tranship/server/internal/native"
)

// nativeMemory is a Memory as the native service needs it.
type nativeMemory struct{ memory *Memory }

var _ native.Memory = nativeMemory{}

// Hold implements native.Memory.
func (m nativeMemory) Hold(ctx context.Context, n int64) error { return m.memory.hold(ctx, n) }

// Drop implements native.Memory.
func (m nativeMemory) Drop(n int64) { m.memory.drop(n) }

// GrantStreams implements native.Memory.
func (m nativeMemory) GrantStreams(had int64, uploads int) int64 {
	return m.memory.grantStreams(had, uploads)
}

// DropStreams implements native.Memory.
func (m nativeMemory) DropStreams(granted int64) { m.memory.dropStreams(granted) }

// RepliesOfStream implements native.Memory.
func (m nativeMemory) RepliesOfStream() int { return m.memory.repliesOfStream() }
