// Package abilities tests how each decorator of this module treats each optional ability
// of package tranship: it keeps the ability and does its own part for it, it passes the
// ability on because it has no part in it, or it hides the ability.
package abilities
