package providersapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
)

// page is a handler that returns its refusal.
func (a *api) page(f func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			p := problemOf(err)
			if p.Status >= http.StatusInternalServerError {
				a.cfg.Logger.Error("editing providers failed", "error", redact(err.Error()))
			}
			p.write(w)
		}
	})
}

func (a *api) show(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	rows, err := a.cfg.Store.Rows(r.Context())
	if err != nil {
		return err
	}
	i := indexOf(rows, name)
	if i < 0 {
		return errUnknown(name)
	}
	a.answer(w, http.StatusOK, rows[i], i, true)
	return nil
}

func (a *api) create(w http.ResponseWriter, r *http.Request) error {
	f, err := read(w, r, providerForm, "application/json")
	if err != nil {
		return err
	}
	return a.edit(w, r, "create", http.StatusCreated, adding(f))
}

func (a *api) replace(w http.ResponseWriter, r *http.Request) error {
	f, err := read(w, r, replaceForm, "application/json")
	if err != nil {
		return err
	}
	return a.edit(w, r, "replace", http.StatusOK, on(r.PathValue("name"), r, replacing(f)))
}

func (a *api) patch(w http.ResponseWriter, r *http.Request) error {
	f, err := read(w, r, patchForm, "application/merge-patch+json", "application/json")
	if err != nil {
		return err
	}
	return a.edit(w, r, "patch", http.StatusOK, on(r.PathValue("name"), r, setting(f)))
}

func (a *api) remove(w http.ResponseWriter, r *http.Request) error {
	return a.edit(w, r, "delete", http.StatusNoContent, on(r.PathValue("name"), r, removing))
}

func (a *api) addKey(w http.ResponseWriter, r *http.Request) error {
	f, err := read(w, r, keyForm, "application/json")
	if err != nil {
		return err
	}
	return a.edit(w, r, "add key", http.StatusCreated, on(r.PathValue("name"), r, addingKey(f)))
}

// removeKey wants If-Match. Numbers shift, so that a DELETE that is sent again would
// delete another key; with the version it changes nothing the second time, as a DELETE
// should.
func (a *api) removeKey(w http.ResponseWriter, r *http.Request) error {
	if len(r.Header.Values("If-Match")) == 0 {
		return refuse(http.StatusPreconditionRequired, "send If-Match with the provider's ETag: the numbers of keys shift when one goes")
	}
	return a.edit(w, r, "delete key", http.StatusOK, on(r.PathValue("name"), r, removingKey(r.PathValue("n"))))
}

func read(w http.ResponseWriter, r *http.Request, f form, types ...string) (fields, error) {
	if _, err := forced(r); err != nil {
		return fields{}, err
	}
	members, err := readBody(w, r, types...)
	if err != nil {
		return fields{}, err
	}
	return f.read(members)
}

// edit stores a change, makes the gateway live by it, and answers.
func (a *api) edit(w http.ResponseWriter, r *http.Request, action string, status int, c change) error {
	force, err := forced(r)
	if err != nil {
		return err
	}
	at := -1
	rows, err := a.cfg.Store.Edit(r.Context(), func(rows []sqlsource.Row) (after []sqlsource.Row, err error) {
		before := slices.Clone(rows)
		if after, at, err = c(rows); err != nil || force {
			return after, err
		}
		return after, judge(before, after, at)
	})
	if err != nil {
		return err
	}
	// Stored is stored, whether the client still listens or not.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), ReloadTimeout)
	defer cancel()
	live := a.cfg.Reload(ctx) == nil
	var row sqlsource.Row
	name := r.PathValue("name")
	if at >= 0 {
		row = rows[at]
		name = row.Name
	}
	a.cfg.Logger.Info("providers edited", "action", action, "provider", name, "forced", force, "live", live)
	if !live {
		status = http.StatusAccepted
	}
	if action == "create" {
		w.Header().Set("Location", "/providers/"+url.PathEscape(name))
	}
	switch {
	case at >= 0:
		a.answer(w, status, row, at, live)
	case live:
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
	default:
		writeJSON(w, status, "application/json", gone{Name: name, Live: a.live(name, live)})
	}
	return nil
}
