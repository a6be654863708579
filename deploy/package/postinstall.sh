#!/bin/sh
# Runs after the files were installed: dpkg passes configure, rpm 1 or, for an update, 2.
set -e
case "$1" in
configure | 1 | 2) ;;
*) exit 0 ;;
esac

if ! getent passwd tranship >/dev/null; then
	if command -v systemd-sysusers >/dev/null; then
		systemd-sysusers tranship.conf
	else
		getent group tranship >/dev/null || groupadd --system tranship
		useradd --system --gid tranship --no-create-home --home-dir /var/lib/tranship \
			--shell /usr/sbin/nologin --comment "Tranship file server" tranship
	fi
fi
for directory in /var/lib/tranship /var/log/tranship; do
	install --directory --owner=tranship --group=tranship --mode=0750 "$directory"
done
# The configuration may name secrets. The service reads it, and cannot change it.
chgrp tranship /etc/tranship /etc/tranship/tranship.yaml
chmod 0750 /etc/tranship
chmod 0640 /etc/tranship/tranship.yaml

# The service is not enabled: its operator decides first who may connect.
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart tranship.service
fi
