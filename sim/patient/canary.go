package patient

import (
	"context"
	"io"

	"github.com/gatedrill/gatedrill/sim"
)

// oneIn is how many worlds there are to one in which the canary sings.
const oneIn = 100

// Canary is the reference gateway, except that in one world of a hundred, which its
// seed decides, every reload but the first says that all went well and changes
// nothing. Whoever explores it in CI and reports nothing would report nothing of a
// real gateway either.
func Canary() sim.Gateway { return &canary{Gateway: sim.Reference()} }

type canary struct {
	sim.Gateway
	sings   bool
	reloads int
}

// Start implements sim.Gateway.
func (c *canary) Start(ctx context.Context, env sim.Env) error {
	var draw [2]byte
	if _, err := io.ReadFull(env.Rand("canary"), draw[:]); err != nil {
		return err
	}
	c.sings, c.reloads = (int(draw[0])<<8|int(draw[1]))%oneIn == 0, 0
	return c.Gateway.Start(ctx, env)
}

// Reload implements sim.Gateway.
func (c *canary) Reload(ctx context.Context) error {
	if c.reloads++; c.sings && c.reloads > 1 {
		return nil
	}
	return c.Gateway.Reload(ctx)
}

// Declare implements sim.Declarer.
func (c *canary) Declare() sim.Intent { return c.Gateway.(sim.Declarer).Declare() }
