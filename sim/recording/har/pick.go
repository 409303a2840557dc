package har

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// vendors are the hosts that are known, by what their names end with.
var vendors = []struct{ ending, name string }{
	{"api.openai.com", "openai"}, {"api.anthropic.com", "anthropic"}, {".openai.azure.com", "azure"},
	{".cognitiveservices.azure.com", "azure"}, {".services.ai.azure.com", "azure"}, {".githubcopilot.com", "copilot"},
	{"api.mistral.ai", "mistral"}, {"api.groq.com", "groq"}, {"api.deepseek.com", "deepseek"}, {"openrouter.ai", "openrouter"},
	{"api.together.xyz", "together"}, {"api.x.ai", "xai"},
}

// vendor is what the provider of a host is called, "" when nobody knows it.
func vendor(host string) string {
	host = strings.ToLower(host)
	for _, v := range vendors {
		if host == strings.TrimPrefix(v.ending, ".") || strings.HasPrefix(v.ending, ".") && strings.HasSuffix(host, v.ending) {
			return v.name
		}
	}
	return ""
}

// modelPath is a path of the APIs of OpenAI, Azure OpenAI and Anthropic, below whatever a
// gateway puts in front of it.
var modelPath = regexp.MustCompile(`/(?:v1[a-z0-9]*|openai)(?:/[^/]+)*/(?:chat/completions|completions|complete|responses|messages|` +
	`embeddings|models|moderations|images/generations|audio/(?:speech|transcriptions|translations))(?:/|$)`)

// bridgePath is a path of base-URL mode: what is before the provider, its name, and the rest.
var bridgePath = regexp.MustCompile(`^/api/v2/aibridge/([^/]+)(/.+)$`)

// leftOut are the entries that are not taken.
type leftOut struct {
	others  int      // to hosts, or of kinds, that are no model's
	hosts   []string // of them
	control int      // CONNECT and OPTIONS
}

// pick parts the entries that ask a model from the others, and puts them in order.
func pick(all []*entry, hosts []string) (taken []*entry, left leftOut) {
	for _, e := range all {
		switch host := e.url.Host; {
		case e.url.Scheme != "http" && e.url.Scheme != "https", host == "", e.status() == http.StatusSwitchingProtocols:
			left.others++
		case e.said.Request.Method == http.MethodConnect || e.said.Request.Method == http.MethodOptions:
			left.control++
		case hosts != nil && !slices.Contains(hosts, host) && !slices.Contains(hosts, e.url.Hostname()),
			hosts == nil && vendor(e.url.Hostname()) == "" && !modelPath.MatchString(e.url.Path):
			left.others++
			if !slices.Contains(left.hosts, host) {
				left.hosts = append(left.hosts, host)
			}
		default:
			taken = append(taken, e)
		}
	}
	slices.SortStableFunc(taken, func(a, b *entry) int { return a.began.Compare(b.began) })
	return taken, left
}

// mostHosts is how many hosts are named.
const mostHosts = 5

func (l leftOut) named(s *secrets) string {
	names := []string{}
	for _, host := range l.hosts[:min(len(l.hosts), mostHosts)] {
		names = append(names, s.scrub(host))
	}
	if len(l.hosts) > mostHosts {
		names = append(names, fmt.Sprintf("%d more", len(l.hosts)-mostHosts))
	}
	return strings.Join(names, ", ")
}

// nothing says why there is nothing to import.
func (l leftOut) nothing(n int, s *secrets) error {
	switch {
	case n == 0:
		return fmt.Errorf("%w: it has no entries", ErrNothing)
	case len(l.hosts) == 0:
		return ErrNothing
	}
	return fmt.Errorf("%w; --host takes those of one of its hosts: %s", ErrNothing, l.named(s))
}

func (l leftOut) notes(s *secrets) (notes []string) {
	switch {
	case len(l.hosts) > 0:
		notes = append(notes, fmt.Sprintf("Left out of the HAR: %s that no model was asked by (%s); --host takes those of a host.", count(l.others, "entry"), l.named(s)))
	case l.others > 0:
		notes = append(notes, fmt.Sprintf("Left out of the HAR: %s that no model was asked by.", count(l.others, "entry")))
	}
	if l.control > 0 {
		notes = append(notes, fmt.Sprintf("Left out of the HAR: %s with CONNECT or OPTIONS.", count(l.control, "entry")))
	}
	return notes
}

// side guesses where a HAR was taken: one that shows a host several keys was taken behind
// a gateway that has them. What goes to hosts that are nobody's goes to a gateway.
func side(taken []*entry) As {
	first := map[string]string{}
	several := false
	for _, e := range taken {
		if vendor(e.url.Hostname()) == "" {
			return AsClient
		}
		key := e.credential()
		if before, seen := first[e.url.Host]; seen && key != "" && before != "" && before != key {
			several = true
		}
		if key != "" {
			first[e.url.Host] = key
		}
	}
	if several {
		return AsUpstream
	}
	return AsClient
}
