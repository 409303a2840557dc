package providersapi

import (
	"net/http"

	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
	"github.com/gatedrill/gatedrill/keypool"
)

// view is a provider as it is stored, and what became of it.
type view struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	BaseURL  string `json:"base_url"`
	Disabled bool   `json:"disabled"`
	Position int    `json:"position"`
	// Keys are null when clients bring their own.
	Keys []keyView `json:"keys"`
	Live liveView  `json:"live"`
}

// keyView is all that is shown of a key.
type keyView struct {
	N    int    `json:"n"`
	Hint string `json:"hint"`
}

// gone is a provider that is deleted, but still live.
type gone struct {
	Name string   `json:"name"`
	Live liveView `json:"live"`
}

// liveView is what the gateway routes by.
type liveView struct {
	// Status is the row's in the live snapshot, "absent" when it is not there.
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
	// Pending says that an edit is stored and not live yet.
	Pending string `json:"pending,omitempty"`
}

const pending = "stored, but the gateway could not reload: GET /providers has the error, POST /reload tries again"

func (a *api) answer(w http.ResponseWriter, status int, r sqlsource.Row, at int, live bool) {
	v := view{
		Name: r.Name, Type: r.Type, BaseURL: redact(r.BaseURL), Disabled: r.Disabled,
		Position: at + 1, Live: a.live(r.Name, live),
	}
	if r.Keys != nil {
		v.Keys = make([]keyView, len(r.Keys))
	}
	for i, key := range r.Keys {
		v.Keys[i] = keyView{i + 1, keypool.Hint(i, key)}
	}
	w.Header().Set("ETag", etag(r.Version))
	writeJSON(w, status, "application/json", v)
}

// live looks the name up in the live snapshot. Names in the store are unique, so there is
// no other row of that name.
func (a *api) live(name string, live bool) liveView {
	v := liveView{Status: "absent"}
	for _, p := range a.cfg.Server.Snapshot().Providers() {
		if p.Name == name {
			v.Status, v.Reason = string(p.Status), redact(p.Reason)
			break
		}
	}
	if !live {
		v.Pending = pending
	}
	return v
}
