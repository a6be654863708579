package mem_test

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

func TestStore(t *testing.T) {
	for name, partSize := range map[string]int64{
		"default parts": 0,
		"small parts":   1000,
		"odd parts":     12345,
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Test(t, func(*testing.T) tranship.Store { return &mem.Store{PartSize: partSize} })
		})
	}
}
