package drill

import "context"

// GatewayOp sets what the gateway starts with.
type GatewayOp struct{ Settings Settings }

const gatewayUsage = "gateway SETTING=VALUE …"

func gatewayVerb() Verb {
	return Verb{
		Name:    "gateway",
		Usage:   []string{gatewayUsage},
		Doc:     "Sets what the gateway starts with; it stands above the first step that reaches the gateway. What is not set is the gateway's default.",
		Options: forms(settings()),
		Example: "gateway bridge=recorded ports=443,8443\ngateway tunnel=deny",
		Parse:   parseGateway,
	}
}

func parseGateway(l *Line) Op {
	var op GatewayOp
	if l.next == len(l.words) {
		l.missing("no setting: write %s, where a setting is %s", quote(gatewayUsage), formTexts(settings()))
	}
	readOptions(l, settings(), &op.Settings)
	return op
}

// String implements Op.
func (op GatewayOp) String() string {
	return printed("gateway").add(writeOptions(settings(), op.Settings)...).String()
}

// Block implements Op.
func (op GatewayOp) Block() []string { return nil }

// Run implements Op.
func (op GatewayOp) Run(ctx context.Context, w World) error { return w.Configure(ctx, op.Settings) }

// Check implements Op.
func (op GatewayOp) Check(s *Scope) {
	if s.acted > 0 {
		s.line.mistakef(s.line.words[0].Column, "the gateway has started already, for line %d: set it up above that line", s.acted)
	}
	for _, o := range settings() {
		if len(o.write(op.Settings)) == 0 {
			continue
		}
		if line, ok := s.settings[o.name]; ok {
			s.line.mistakef(s.line.columnOfOption(o.name), "%s= is set in line %d already: keep one", o.name, line)
		}
		s.settings[o.name] = s.line.number
	}
}
