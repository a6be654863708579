package admission

import (
	"time"

	"github.com/tranship/tranship/access"
)

// Identify returns the principal of what the message of an admitted call presents, such as the token
// with which a user signs in, and when that ends; the zero time means never. The principal of the
// call stays as it is. Nothing presented is an anonymous principal.
//
// Its errors are those of Authenticate, and the log and the audit log have them already.
func (c *Call) Identify(presented Presented) (principal access.Principal, expires time.Time, err error) {
	d := c.door
	var found identity
	if d.options.Caller != nil {
		found.Principal, err = d.findCaller(c.ctx, true)
	} else if credentials, invalid := presented.credentials(); invalid != nil {
		err = invalid
	} else {
		found, err = d.identify(c.ctx, credentials)
	}
	if err != nil {
		return access.Principal{}, time.Time{}, c.refuse(err)
	}
	return found.Principal, found.Expires, nil
}

// AdmitsAnonymous reports whether the Door admits calls without credentials.
func (d *Door) AdmitsAnonymous() bool { return d.options.Anonymous }
