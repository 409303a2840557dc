package drill

const proxyUsage = "upstream HOST:PORT connect-proxy [auth=USER:PASSWORD]"

// proxyOptions are those of an upstream that is a proxy.
func proxyOptions() []option[UpstreamOptions] {
	return []option[UpstreamOptions]{{
		name: "auth",
		form: Form{"auth=USER:PASSWORD", "Behind connect-proxy: who may use the proxy; otherwise everybody."},
		read: func(l *Line, w Word, o *UpstreamOptions) {
			if o.Login = w.Text; loginError(o.Login) != "" {
				l.mistakef(w.Value, "%s", loginError(o.Login))
			}
		},
		write: func(o UpstreamOptions) []string {
			if o.Login == "" {
				return nil
			}
			return []string{bareValue(o.Login)}
		},
	}}
}

// parseProxy reads what stands behind connect-proxy.
func parseProxy(l *Line, host Word, op UpstreamOp) Op {
	op.Options.Proxy = true
	if _, _, ok := cutPort(op.Host); !ok {
		l.mistakef(host.Column, "a proxy listens at a port of its own: write %q", op.Host+":3128")
	}
	readOptions(l, proxyOptions(), &op.Options)
	return op
}
