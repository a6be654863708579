// Package hook tells programs of the operator about changes of a store, and asks them before a
// file becomes visible. Hooks.Store is a decorator of a store: all changes that pass it are asked
// about and told, whatever the protocol. What a hook is asked or told with is its Carrier: packages
// httphook and grpchook have two.
//
// A hook that is asked before a commit agrees or refuses. It changes nothing. A file that it has
// refused never becomes visible.
//
// A hook that is told of changes gets events. The outbox keeps them in the state of the store: a
// record is written there before the change, and removed once the hook has accepted the events. So
// each event of a change that was made is delivered at least once, also if the server ends at any
// moment. Its ID is the same each time. The events of a path are delivered in the order of its
// changes; of changes by several servers, in the order of the clocks of these servers.
//
// A record of a server that has ended before it could tell whether the change was made is compared
// with the store. If the file at the path has the size and the checksum of the record, the event
// is delivered, and otherwise dropped: the file was not stored, or another change has replaced it,
// which has a record of its own.
package hook
