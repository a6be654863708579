// Package rclone has only tests: they upload files with the client of tus in Go that rclone has, to a
// server. They have a module of their own, because nothing else needs rclone; make interop runs them.
package rclone
