package telemetry

import "github.com/tranship/tranship"

// Observers tells several observers of the same events.
type Observers []tranship.Observer

// Observe implements tranship.Observer.
func (o Observers) Observe(events []tranship.Event) {
	for _, observer := range o {
		observer.Observe(events)
	}
}
