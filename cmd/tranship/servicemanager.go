package main

import (
	"fmt"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notifyManager tells the service manager the state of the server, as sd_notify(3) describes.
// It does nothing if the server was not started by a service manager that wants to know, which
// names its socket in NOTIFY_SOCKET.
func notifyManager(state string) error {
	if _, err := daemon.SdNotify(false, state); err != nil {
		return fmt.Errorf("NOTIFY_SOCKET: telling the service manager %q: %w", state, err)
	}
	return nil
}

// notifyReload calls reload, and tells the service manager when that begins and when it has ended.
// So "systemctl reload" waits until the settings are in force, or were refused. A service manager
// that is gone must not keep the server from its new settings.
func notifyReload(reload func()) {
	_ = notifyManager(reloadingState())
	reload()
	_ = notifyManager(daemon.SdNotifyReady)
}
