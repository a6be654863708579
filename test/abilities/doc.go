// Package abilities has tests that each decorator of this module does what it says with
// each optional ability of package tranship: it keeps the ability and does its own part
// for it, it lets it pass because it has no part in it, or it hides it.
package abilities
