package crash

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/tranship/tranship/internal/testing/envtest"
	"github.com/tranship/tranship/internal/testing/program"
)

// built is the tranship program.
var built program.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m, program.Options{}, &built)) }

// parameters control how much a test does.
type parameters struct {
	size, rate int64
	kills      int
	random     *rand.Rand
}

func parametersOf(t *testing.T) parameters {
	t.Helper()
	seed := envtest.Number(t, "TRANSHIP_CRASH_SEED", rand.Int64())
	p := parameters{
		size:   envtest.Number(t, "TRANSHIP_CRASH_SIZE", 16<<20),
		kills:  int(envtest.Number(t, "TRANSHIP_CRASH_KILLS", 4)),
		random: rand.New(rand.NewPCG(uint64(seed), 0)),
	}
	p.rate = envtest.Number(t, "TRANSHIP_CRASH_RATE", max(p.size/4, 4<<20))
	t.Logf("TRANSHIP_CRASH_SEED=%d: %d kills, files of %d bytes, %d bytes a second and connection",
		seed, p.kills, p.size, p.rate)
	return p
}

// next returns how many bytes pass before the next kill.
func (p parameters) next() int64 { return 1 + p.random.Int64N(p.size/5) }

// loss returns how many bytes are not durable in normal operation: the parts in progress,
// of 1 MiB each, and what arrives while others are being synced.
func (p parameters) loss() int64 {
	const parts = 8 << 20
	return parts + p.rate/2
}

// victims are the processes that are killed.
type victims struct{ server, client bool }

func (p parameters) victims() victims {
	return []victims{{server: true}, {client: true}, {true, true}}[p.random.IntN(3)]
}

func (v victims) String() string {
	switch v {
	case victims{server: true}:
		return "server"
	case victims{client: true}:
		return "client"
	}
	return "server and client"
}
