#!/bin/sh
# Runs after the files were removed. The user and what it owns stay, also after dpkg --purge: the
# files below /var/lib/tranship are those of its clients.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
