#!/bin/sh
# Runs before the files are removed: dpkg passes remove, rpm 0. Updates change nothing here.
set -e
case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl --no-reload disable --now tranship.service
	fi
	;;
esac
