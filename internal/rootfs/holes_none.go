//go:build !linux && !darwin && !freebsd

package rootfs

import (
	"errors"
	"io/fs"
	"os"
)

// Other systems do not report where holes are.

func isSparse(fs.FileInfo) bool { return false }

func seekHole(*os.File, int64) (int64, error) { return 0, errors.ErrUnsupported }

func seekData(*os.File, int64) (int64, error) { return 0, errors.ErrUnsupported }

func isPastData(error) bool { return false }
