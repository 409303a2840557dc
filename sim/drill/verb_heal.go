package drill

import (
	"context"
	"slices"
)

// HealOp is an operator's word that a key is in order again.
type HealOp struct {
	Provider string
	Key      string // alias
}

const healUsage = "heal PROVIDER KEY"

func healVerb() Verb {
	return Verb{
		Name:  "heal",
		Usage: []string{healUsage},
		Doc: "An operator tells the gateway that a key is in order again, whatever an upstream has said of it: one that is disabled or cooling can be used at once. " +
			"What is observed is whether there was anything to heal.",
		Example: "provider alpha openai https://alpha.invalid keys k0\nreload\n" +
			"heal alpha k0\n  => alpha k0 needed no healing",
		Parse: func(l *Line) Op {
			op := HealOp{}
			if name, ok := l.need("PROVIDER", healUsage); ok {
				op.Provider = l.providerName(name)
			}
			if key, ok := l.need("KEY", healUsage); ok {
				op.Key = l.alias(key, "key")
			}
			l.done(healUsage)
			return op
		},
	}
}

// String implements Op.
func (op HealOp) String() string {
	return printed("heal", writeProviderName(op.Provider), op.Key).String()
}

// Block implements Op.
func (op HealOp) Block() []string { return nil }

// Run implements Op.
func (op HealOp) Run(ctx context.Context, w World) error { return w.Heal(ctx, op.Provider, op.Key) }

// Check implements Op.
func (op HealOp) Check(s *Scope) {
	s.act()
	if op.Provider != "" && !slices.Contains(s.providers, op.Provider) && !s.doubtful[op.Provider] {
		s.unknownProvider(op.Provider, op.Provider)
		return
	}
	keys := keysOf(s.rows.All(), op.Provider)
	if op.Key != "" && !slices.Contains(keys, op.Key) && !s.doubtful[op.Key] && !s.doubtful[op.Provider] {
		s.mistakef(op.Key, "provider %s has no key %q here: %s", writeProviderName(op.Provider), op.Key,
			meant(op.Key, keys, "heal one that stands in its row"))
	}
}

// keysOf are the aliases of the first row of the name that has any.
func keysOf(rows []Row, provider string) []string {
	for _, row := range rows {
		if row.Name == provider && row.HasKeys {
			return row.Keys
		}
	}
	return nil
}
