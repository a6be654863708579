package guard_test

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/store/guard"
)

func TestCheckAdministrator(t *testing.T) {
	rules, err := policy.Parse("policy", []byte("allow ann admin /\nallow group:ops admin /\nallow bob read,write,delete,list,create /\nallow anonymous read /\n"))
	if err != nil {
		t.Fatal(err)
	}
	named := func(name string, groups ...string) access.Principal {
		return access.Principal{Name: name, Groups: groups}
	}
	for _, test := range []struct {
		caller  access.Principal
		policy  guard.Policy
		allowed bool
	}{
		{named("ann"), rules, true},
		{named("eve", "ops"), rules, true},
		{named("bob"), rules, false},
		{named("bob", "staff"), rules, false},
		{named(""), rules, false},
		{named("ann"), policy.Default(access.FileActions()...), false},
		{named(""), policy.Default(access.Actions()...), false},
	} {
		err := guard.CheckAdministrator(access.NewContext(t.Context(), test.caller), test.policy)
		if allowed := err == nil; allowed != test.allowed || err != nil && !errors.Is(err, tranship.ErrDenied) {
			t.Errorf("%+v: %v, want allowed=%v", test.caller, err, test.allowed)
		}
	}
}
