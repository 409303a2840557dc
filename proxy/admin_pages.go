package proxy

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gatedrill/gatedrill/keypool"
)

// adminList is the body of /providers, and of a reload that succeeded.
type adminList struct {
	Providers []adminProvider `json:"providers"`
	Reload    adminReloaded   `json:"reload"`
}

type adminProvider struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Host   string `json:"host"`
	Status Status `json:"status"`
	// Reason says what is wrong with a row in error.
	Reason string     `json:"reason,omitempty"`
	Keys   []adminKey `json:"keys"`
}

// adminKey is a key's state. The base URL is not shown, nor is anything else that may
// hold a password: a hint is all there is of a key.
type adminKey struct {
	N     int    `json:"n"`
	Hint  string `json:"hint"`
	State string `json:"state"`
	// Reason is the HTTP status that caused the state.
	Reason int        `json:"reason,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
}

type adminReloaded struct {
	At          *time.Time `json:"at"`
	SucceededAt *time.Time `json:"succeeded_at"`
	Error       string     `json:"error,omitempty"`
}

// adminHealth says whether the gateway should get traffic.
func (s *Server) adminHealth(w http.ResponseWriter, _ *http.Request) {
	switch last := s.reloads.get(); {
	case s.conns.isDraining():
		refuse(w, http.StatusServiceUnavailable, "shutting down\n")
	case last.successAt.IsZero() && last.at.IsZero():
		refuse(w, http.StatusServiceUnavailable, "no providers yet: nobody has reloaded\n")
	case last.successAt.IsZero():
		refuse(w, http.StatusServiceUnavailable, "no providers yet: no reload has succeeded\n")
	default:
		refuse(w, http.StatusOK, "ok\n")
	}
}

func (s *Server) adminCA(w http.ResponseWriter, _ *http.Request) {
	body := s.cfg.CA.PEM()
	h := w.Header()
	h.Set("Content-Type", "application/x-pem-file")
	h.Set("Content-Disposition", `attachment; filename="ca-cert.pem"`)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

func (s *Server) adminProviders(w http.ResponseWriter, _ *http.Request) {
	adminJSON(w, http.StatusOK, s.adminList())
}

// adminReload reloads. What fails is the source, which is an upstream of ours: 502.
func (s *Server) adminReload(w http.ResponseWriter, r *http.Request) {
	if err := s.Reload(r.Context()); err != nil {
		adminError(w, http.StatusBadGateway, s.scrub(err.Error()))
		return
	}
	adminJSON(w, http.StatusOK, s.adminList())
}

func (s *Server) adminEnable(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		n = 0 // which no provider has
	}
	hint, changed, err := s.enableKey(r.Context(), name, n)
	switch {
	case errors.Is(err, ErrUnknownProvider):
		adminError(w, http.StatusNotFound, "no such provider")
	case err != nil:
		adminError(w, http.StatusNotFound, "no such key: they are counted from 1")
	default:
		adminJSON(w, http.StatusOK, struct {
			Provider string `json:"provider"`
			Key      string `json:"key"`
			Changed  bool   `json:"changed"`
		}{name, hint, changed})
	}
}

// adminList shows one snapshot.
func (s *Server) adminList() adminList {
	live := s.Snapshot()
	list := adminList{Providers: make([]adminProvider, len(live.rows))}
	reasons := make([]string, len(live.rows))
	for i, r := range live.rows {
		reasons[i] = r.Reason
	}
	reasons = s.scrubAll(reasons)
	for i, r := range live.rows {
		list.Providers[i] = adminProvider{
			Name: r.Name, Type: r.Type, Host: r.host, Status: r.Status,
			Reason: reasons[i], Keys: adminKeys(r),
		}
	}
	last := s.reloads.get()
	list.Reload = adminReloaded{At: moment(last.at), SucceededAt: moment(last.successAt), Error: last.fault}
	return list
}

func adminKeys(r *row) []adminKey {
	keys := []adminKey{}
	if r.pool == nil {
		return keys
	}
	for i, k := range r.pool.States() {
		key := adminKey{N: i + 1, Hint: k.Hint, State: k.State.String(), Reason: k.Reason}
		if k.State == keypool.Cooling {
			key.Until = moment(k.Until)
		}
		keys = append(keys, key)
	}
	return keys
}

// moment is a time for JSON, RFC 3339 in UTC; null when there is none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func adminError(w http.ResponseWriter, status int, why string) {
	adminJSON(w, status, struct {
		Error string `json:"error"`
	}{why})
}

func adminJSON(w http.ResponseWriter, status int, body any) {
	// Nothing that is shown here fails to marshal.
	text, _ := json.MarshalIndent(body, "", "  ")
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}
