package har_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim/recording"
	"github.com/gatedrill/gatedrill/sim/recording/har"
)

// Whatever a file is, it becomes facts in order and a drill that parses, or mistakes with
// their places.
func FuzzRead(f *testing.F) {
	for _, name := range exports {
		text := file(f, name)
		f.Add(text, "")
		f.Add(text[:len(text)/2], "client")
		f.Add(strings.Replace(text, "200", "429", 3), "upstream")
	}
	f.Add(`{"log":{"entries":[{"startedDateTime":"0001-01-01T00:00:00Z","request":{"method":"GET","url":"http://[::1]:99/v1/models"}}]}}`, "upstream")
	f.Add(`{"log":{"entries":[{},7,null,{"request":{"method":"GET","url":"https://api.openai.com"}}]}}`, "client")
	f.Fuzz(func(t *testing.T, text, as string) {
		if as != "client" && as != "upstream" {
			as = ""
		}
		i, err := read(text, har.Options{As: har.As(as)})
		var mistakes har.Mistakes
		if errors.As(err, &mistakes) {
			for k, m := range mistakes {
				if m.Line < 1 || m.Column < 1 || k > 0 && m.Line < mistakes[k-1].Line {
					t.Fatalf("a place that is none, or out of order: %v", m)
				}
			}
		}
		if i == nil {
			if err == nil {
				t.Fatal("neither a recording nor a mistake")
			}
			return
		}
		for k, fact := range i.Run.Facts {
			if fact.N != int64(k)+2 || fact.At < 0 || k > 0 && fact.At < i.Run.Facts[k-1].At {
				t.Fatalf("fact %d is out of order: %+v", k, fact)
			}
		}
		for _, o := range []recording.Options{{Notes: i.Notes, Known: i.Known()}, {Set: []recording.Change{{Name: "policy", Value: "recovering"}}}} {
			s, err := recording.Convert("fuzz", i.Run, o)
			if errors.Is(err, recording.ErrSecret) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, shown, found := record.FindSecret(s.Text); found {
				t.Fatalf("a secret: %s", shown)
			}
		}
	})
}
