//go:build !linux

package main

import "github.com/coreos/go-systemd/v22/daemon"

// reloadingState returns the state of a server that reads its settings again.
func reloadingState() string { return daemon.SdNotifyReloading }
