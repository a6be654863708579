// Package admission decides.
package admission
