package chunk

import "github.com/tranship/tranship"

// Decorated returns outer, which does what inner does and more, with those of the
// optional interfaces of an upload that inner has, and as inner has them.
func Decorated(outer, inner tranship.Upload) tranship.Upload {
	runner, runs := inner.(Runner)
	wide, isWide := inner.(Wide)
	switch {
	case runs && isWide:
		return struct {
			tranship.Upload
			Runner
			Wide
		}{outer, runner, wide}
	case runs:
		return struct {
			tranship.Upload
			Runner
		}{outer, runner}
	case isWide:
		return struct {
			tranship.Upload
			Wide
		}{outer, wide}
	default:
		return outer
	}
}
