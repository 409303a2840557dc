// Package patient holds gateways that are wrong on purpose, so that the drill
// library can prove that it finds what is wrong.
//
//	drill library ──▶ sim.Run ──▶ reference gateway ──▶ passes
//	                     │
//	                     └──────▶ patient ────────────▶ fails, and says why
//
// A library that finds nothing wrong with a patient is broken. Each patient is
// honest code with a mistake that people do make: none of them looks for the
// drill that it is in.
//
//	g, err := patient.New("connect-mitm")
//	…
//	v := sim.Run(t, g, d, sim.Options{})
//	fmt.Print(v.Story(""))
//
// Play patients in processes of their own (package worker): one that freezes
// time takes its process with it.
package patient

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gatedrill/gatedrill/sim"
)

// ErrUnknown is wrapped by the error of New for a name that no patient has.
var ErrUnknown = errors.New("patient: no such gateway")

// entry is one patient.
type entry struct {
	name string
	new  func() sim.Gateway
}

func entries() []entry {
	return []entry{
		{"connect-mitm", ConnectMitm},
		{"lock-across-io", LockAcrossIO},
		{"canary", Canary},
	}
}

// Names lists the patients, in the order in which they are to be offered.
func Names() []string {
	var names []string
	for _, e := range entries() {
		names = append(names, e.name)
	}
	return names
}

// New returns the patient of that name, ready to be started. It fails with
// ErrUnknown.
func New(name string) (sim.Gateway, error) {
	for _, e := range entries() {
		if e.name == name {
			return e.new(), nil
		}
	}
	return nil, fmt.Errorf("%w: %q; there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
}
