package engines

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/envtest"
	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/internal/testing/raced"
)

// built is the tranship program.
var built program.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m, program.Options{}, &built)) }

const (
	// partBytes is the length of the parts of a file in a bucket, unless it is larger than
	// 64 GiB.
	partBytes = 8 << 20
	// memory is what a server has for parts on their way to the engine, the least there is.
	memory = 64 << 20
	// patience bounds how long one copy may take.
	patience = 10 * time.Minute
)

// parameters control how much a test does.
type parameters struct {
	kills  int
	size   int64
	random *rand.Rand
}

func parametersOf(t *testing.T) parameters {
	t.Helper()
	seed := envtest.Number(t, "TRANSHIP_KILLS_SEED", rand.Int64())
	p := parameters{
		kills:  int(envtest.Number(t, "TRANSHIP_KILLS", 10)),
		size:   envtest.Number(t, "TRANSHIP_KILLS_SIZE", 10*int64(raced.Times(24<<20))),
		random: rand.New(rand.NewPCG(uint64(seed), 0)),
	}
	t.Logf("TRANSHIP_KILLS_SEED=%d: %d kills, files of %d bytes", seed, p.kills, p.size)
	return p
}

// next returns how many bytes pass before the next kill.
func (p parameters) next() int64 { return 1 + p.random.Int64N(p.size/5) }
