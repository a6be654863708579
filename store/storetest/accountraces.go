package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/tranship/tranship"
)

// concurrentDirectories makes random changes for several accounts at once, and checks that all
// files and directories are counted in the end.
func concurrentDirectories(f accountFixture) {
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			ctx := f.as(fmt.Sprint("account", worker%3))
			for range 100 {
				err := f.randomChange(ctx, random)
				if err != nil && !errors.Is(err, tranship.ErrNotFound) && !errors.Is(err, tranship.ErrUnavailable) {
					f.Error(err)
				}
			}
		})
	}
	workers.Wait()
	f.count(f.kept())
	f.removeAll()
}
