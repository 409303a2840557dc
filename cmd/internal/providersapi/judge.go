package providersapi

import (
	"fmt"
	"net/http"

	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
	"github.com/gatedrill/gatedrill/proxy"
)

// hintForce ends a refusal that is not about the request as such.
const hintForce = " (?force stores it all the same)"

// judge refuses a change that a reload would answer with a row in error: the row at i,
// or another one that was in order before. A row that rests is not judged, as the gateway
// does not.
func judge(before, after []sqlsource.Row, at int) error {
	then := proxy.Preview(providers(after))
	if at >= 0 && then[at].Status == proxy.StatusError {
		if mistakes := mistakesOf(after[at].Provider); mistakes != nil {
			p := wrong(mistakes)
			p.Detail = "the provider would be out of service" + hintForce
			return p
		}
		return refuse(http.StatusConflict, "the provider would be out of service: "+then[at].Reason+hintForce)
	}
	was := map[int64]proxy.Status{}
	for i, status := range proxy.Preview(providers(before)) {
		was[before[i].ID] = status.Status
	}
	for i, status := range then {
		if status.Status == proxy.StatusError && i != at && was[after[i].ID] != proxy.StatusError {
			return refuse(http.StatusConflict,
				fmt.Sprintf("provider %q would go out of service: %s", status.Name, status.Reason)+hintForce)
		}
	}
	return nil
}

// mistakesOf says what is wrong with a row by itself, all at once: the gateway, which
// stops at the first, is asked about each part in a row that is fine otherwise. Nil: it is
// another row that it does not get along with.
func mistakesOf(p proxy.Provider) []mistake {
	fine := proxy.Provider{Name: "a", Type: "openai", BaseURL: "https://a.invalid"}
	kind, base, keys := fine, fine, fine
	kind.Type, base.BaseURL, keys.Keys = p.Type, p.BaseURL, p.Keys
	var mistakes []mistake
	for _, part := range []struct {
		pointer string
		row     proxy.Provider
	}{{"#/type", kind}, {"#/base_url", base}, {"#/keys", keys}} {
		if status := proxy.Preview([]proxy.Provider{part.row})[0]; status.Status == proxy.StatusError {
			mistakes = append(mistakes, mistake{part.pointer, status.Reason})
		}
	}
	return mistakes
}

func providers(rows []sqlsource.Row) []proxy.Provider {
	list := make([]proxy.Provider, len(rows))
	for i, r := range rows {
		list[i] = r.Provider
	}
	return list
}
