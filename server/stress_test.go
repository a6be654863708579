package server_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/envtest"
	"github.com/tranship/tranship/server"
)

// TestStress has several clients that move files over lanes through a network that fails, give
// up at random moments, and meet servers that drain, stop and start. All files that a client was
// told of are whole, and in the end no goroutine, no descriptor and no memory is in use.
//
// The random choices of a round depend on its number alone, but not what happens at the same
// time. TRANSHIP_STRESS_ROUNDS is the number of rounds.
func TestStress(t *testing.T) {
	listen(t).Close() // what the first listener needs stays
	for round := range envtest.Number(t, "TRANSHIP_STRESS_ROUNDS", 1) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			routines, descriptors := goroutines(), openDescriptors()
			stressRound(t, uint64(round))
			await(t, "goroutines are left", func() string {
				var left []string
				for id, stack := range goroutines() {
					if _, known := routines[id]; !known {
						left = append(left, stack)
					}
				}
				return strings.Join(left, "\n\n")
			})
			await(t, "descriptors are left", func() string {
				var left []string
				for id, name := range openDescriptors() {
					if descriptors[id] != name {
						left = append(left, id+" "+name)
					}
				}
				return strings.Join(left, "\n")
			})
		})
	}
}

// await waits until problem returns "".
func await(t *testing.T, what string, problem func() string) {
	t.Helper()
	for begun := time.Now(); ; runtime.Gosched() {
		found := problem()
		if found == "" {
			return
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("%s:\n%s", what, found)
		}
	}
}

// awaitIdle waits until no memory of a server is in use: its calls have ended.
func awaitIdle(t *testing.T, service *server.Server) {
	t.Helper()
	await(t, "the call has not ended", func() string {
		if !service.Memory().Idle() {
			return "memory is in use"
		}
		return ""
	})
}

// goroutines returns the stacks of all goroutines but this one, by their numbers.
func goroutines() map[string]string {
	buffer := make([]byte, 4<<20)
	all := strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n")
	stacks := map[string]string{}
	for _, stack := range all[1:] {
		id, _, _ := strings.Cut(stack, " [")
		stacks[id] = stack
	}
	return stacks
}

// openDescriptors returns what the descriptors of this process are, by their numbers; nothing
// except on Linux.
func openDescriptors() map[string]string {
	const directory = "/proc/self/fd/"
	found := map[string]string{}
	entries, _ := os.ReadDir(directory)
	for _, entry := range entries {
		// The descriptor of the directory has no name any more.
		if name, err := os.Readlink(directory + entry.Name()); err == nil {
			found[entry.Name()] = name
		}
	}
	return found
}
