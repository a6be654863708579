//go:build linux || darwin

package disk

import (
	"context"
	"fmt"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

var _ tranship.ChangeDater = (*Store)(nil)

// StatChange implements tranship.ChangeDater. The time is the change time of the inode, which a
// backup that is restored or a hard link that is made sets as well. A Store has the method on Linux
// and macOS only.
func (s *Store) StatChange(ctx context.Context, path string) (_ tranship.File, _ time.Time, err error) {
	defer s.explain(&err)
	if err := admit(ctx, path); err != nil {
		return tranship.File{}, time.Time{}, err
	}
	dir, file, found, err := s.find(path)
	if err != nil {
		return tranship.File{}, time.Time{}, err
	}
	defer dir.Close()
	defer file.Close()
	changed, ok := rootfs.ChangeTime(found.info)
	if !ok {
		return tranship.File{}, time.Time{}, fmt.Errorf("%w: the file system does not tell when files were changed", tranship.ErrUnsupported)
	}
	return found.File, changed, nil
}
