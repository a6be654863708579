//go:build !linux

package rootfs

import (
	"errors"
	"os"
)

// OpenBelow returns errors.ErrUnsupported.
func (d *Dir) OpenBelow(string) (*os.File, error) { return nil, errors.ErrUnsupported }
