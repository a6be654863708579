package console

import (
	"errors"

	"github.com/tranship/tranship"
)

// LimitAdvice returns the part of an error line that names the flag of the limit that err is
// about; "" if there is none.
func LimitAdvice(err error) string {
	over, ok := errors.AsType[*tranship.LimitError](err)
	if !ok {
		return ""
	}
	switch flag := LimitFlags()[over.Limit]; {
	case flag.Serve != "" && flag.Client != "":
		return "; raise --" + flag.Client + " where it was received"
	case flag.Policy:
		return " (--" + flag.Serve + " of tranship serve, or its policy)"
	case flag.Serve != "":
		return " (--" + flag.Serve + " of tranship serve)"
	}
	return ""
}
