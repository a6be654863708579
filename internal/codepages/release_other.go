//go:build !linux

package codepages

func release() error { return nil }
