package proxy

import (
	"context"
	"net/http"

	facts "github.com/gatedrill/gatedrill/proxy/record"
)

// What a recording is told. Everything here does nothing without Config.Recorder.

// The ways in which a request arrives, as a recording has them.
const (
	viaTunnel   = "tunnel"
	viaAbsolute = "absolute"
	viaBaseURL  = "base-url"
	viaListener = "listener" // it took the gateway for a web server
)

// recordRequest notes that a request has arrived. CONNECTs are noted when they are
// answered.
func (s *Server) recordRequest(r *http.Request, rec *record) {
	if s.cfg.Recorder == nil || r.Method == http.MethodConnect && r.Context().Value(tunnelKey{}) == nil {
		return
	}
	f := facts.Fact{Kind: facts.KindRequest, ID: rec.id, Method: r.Method, Host: rec.host,
		Path: facts.Scrub(targetPath(r)), Query: r.URL.RawQuery != "", Sent: r.ContentLength, Header: r.Header}
	switch t, inside := r.Context().Value(tunnelKey{}).(*tunnel); {
	case inside:
		f.Via, f.Tunnel = viaTunnel, t.id
	case r.Context().Value(http.ServerContextKey) == s.baseURL:
		f.Via = viaBaseURL
	case r.URL.Scheme != "":
		f.Via = viaAbsolute
	default:
		f.Via = viaListener
	}
	s.cfg.Recorder.Record(&f)
}

// recordDone notes what the client was answered: the gateway's decision.
func (s *Server) recordDone(r *http.Request, w *statusWriter, rec *record) {
	if s.cfg.Recorder == nil {
		return
	}
	if r.Method == http.MethodConnect && r.Context().Value(tunnelKey{}) == nil {
		s.cfg.Recorder.Record(&facts.Fact{Kind: facts.KindConnect, ID: rec.id, Host: rec.host, Provider: rec.provider,
			Verdict: verdictRefused, Status: w.status})
		return
	}
	h := w.Header()
	s.cfg.Recorder.Record(&facts.Fact{Kind: facts.KindDone, ID: rec.id, Provider: rec.provider, Verdict: rec.verdict,
		Status: w.status, RetryTold: facts.Scrub(h.Get("Retry-After")), Credential: h.Get(HeaderCredential), Bytes: w.sent})
}

// recordTunnel notes a CONNECT that was established.
func (s *Server) recordTunnel(t *tunnel) {
	if s.cfg.Recorder == nil {
		return
	}
	verdict := "intercepted"
	if t.provider == "" {
		verdict = verdictTunneled
	}
	s.cfg.Recorder.Record(&facts.Fact{Kind: facts.KindConnect, ID: t.id, Host: t.dial, Provider: t.provider,
		Verdict: verdict, Status: http.StatusOK})
}

// recordTunnelEnd notes the end of one, with the bytes of a raw one: up and down.
func (s *Server) recordTunnelEnd(t *tunnel, up, down int64) {
	if s.cfg.Recorder == nil {
		return
	}
	s.cfg.Recorder.Record(&facts.Fact{Kind: facts.KindDisconnect, ID: t.id, Sent: up, Bytes: down})
}

// recordReload notes rows and what became of them, under aliases of their keys. It is
// called before the snapshot is live, so that no request uses a key without a name.
func (s *Server) recordReload(providers []Provider, next *Snapshot) {
	if s.cfg.Recorder == nil {
		return
	}
	rows := make([]facts.Provider, len(providers))
	for i, p := range providers {
		rows[i] = facts.Provider{Name: p.Name, Type: p.Type, URL: s.scrubbed(p.BaseURL), Disabled: p.Disabled,
			Status: string(next.rows[i].Status), Reason: s.scrubbed(next.rows[i].Reason)}
		if p.Keys != nil {
			rows[i].Keys = []string{}
		}
		for j, secret := range p.Keys {
			rows[i].Keys = append(rows[i].Keys, s.cfg.Recorder.Learn(p.Name, j+1, secret))
		}
	}
	s.cfg.Recorder.Record(&facts.Fact{Kind: facts.KindReload, Providers: rows})
}

func (s *Server) recordReloadFailed(fault string) {
	if s.cfg.Recorder != nil {
		s.cfg.Recorder.Record(&facts.Fact{Kind: facts.KindReload, Error: facts.Scrub(fault)})
	}
}

func (s *Server) recordHeal(provider string, secret string) {
	if s.cfg.Recorder != nil {
		s.cfg.Recorder.Record(&facts.Fact{Kind: facts.KindHeal, Provider: provider, Key: s.cfg.Recorder.Alias(secret)})
	}
}

// scrubbed takes the secrets out of a text that the source wrote.
func (s *Server) scrubbed(text string) string { return facts.Scrub(s.scrub(text)) }

// recording is the context of a request whose attempts are recorded.
func (s *Server) recording(ctx context.Context, id string) context.Context {
	if s.cfg.Recorder == nil {
		return ctx
	}
	return facts.WithRequest(ctx, id)
}
