package fakeupstream

import (
	"fmt"
)

func streamWord() word {
	return word{
		name: "stream",
		bare: true,
		form: Form{
			Text:    "stream events=N every=DURATION",
			Doc:     "Server-sent events in the vendor's own shape, each flushed. Without this word a 200 streams when the request asks for it.",
			Example: "key k0: 200 stream events=10 every=100ms",
		},
		parse: func(a *Answer, _ value) error {
			a.Stream = &Stream{}
			return nil
		},
		print: func(a Answer) []string {
			if a.Stream == nil {
				return nil
			}
			out := []string{"stream"}
			if a.Stream.Events != 0 {
				out = append(out, fmt.Sprintf("events=%d", a.Stream.Events))
			}
			if a.Stream.Every != 0 {
				out = append(out, "every="+durationText(a.Stream.Every))
			}
			return out
		},
	}
}

func streamEventsWord() word {
	return word{
		name:    "events",
		clauses: []string{"stream"},
		form: Form{
			Text:    "events=N",
			Doc:     "How many content events the stream has, not counting the vendor's opening and closing events. Without it, 3.",
			Example: "key k0: 200 stream events=10",
		},
		parse: func(a *Answer, v value) (err error) {
			a.Stream.Events, err = count("events", v.text)
			return err
		},
	}
}

func streamEveryWord() word {
	return word{
		name:    "every",
		clauses: []string{"stream"},
		form: Form{
			Text:    "every=DURATION",
			Doc:     "The pause between one content event and the next. Without it, none.",
			Example: "key k0: 200 stream every=1m30s",
		},
		parse: func(a *Answer, v value) (err error) {
			a.Stream.Every, err = duration(v.text)
			if err == nil && a.Stream.Every == 0 {
				err = fmt.Errorf("bad duration %q: want more than nothing, as in every=100ms", v.text)
			}
			return err
		},
	}
}
