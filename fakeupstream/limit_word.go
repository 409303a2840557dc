package fakeupstream

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// limitWord is one option of a limit: how it is read, printed and whose it is.
type limitWord struct {
	name   string
	want   string // how it is written: "rpm=60"
	kinds  []LimitKind
	answer bool // an answer that is a limit can have it
	number func(*Limit) *int
	most   int // of number
	// parse and print are of a word that is no number. print returns "" when the limit does not have it.
	parse func(*Limit, value) error
	print func(*Limit) string
}

// limitWords returns the options, in the order in which they are printed.
func limitWords() []limitWord {
	every := []LimitKind{LimitRate, LimitQuota, LimitWindow, LimitRevoked}
	rate, quota := []LimitKind{LimitRate}, []LimitKind{LimitQuota}
	counting := []LimitKind{LimitRate, LimitQuota}
	const most = 1e15
	return []limitWord{
		limitTextWord("org", "org=acme", counting, func(l *Limit) *string { return &l.Org }),
		{name: "keys", want: "keys=k0,k1", kinds: every, parse: parseKeys,
			print: func(l *Limit) string { return strings.Join(l.Keys, ",") }},
		{name: "by", want: "by=address", kinds: counting, parse: parseBy, print: func(l *Limit) string {
			if l.By == ByKey {
				return ""
			}
			return l.By.String()
		}},
		limitTextWord("path", "path=/v1/messages", every, func(l *Limit) *string { return &l.Path }),
		limitTextWord("model", "model=gpt-4o", every, func(l *Limit) *string { return &l.Model }),
		{name: "rps", want: "rps=10", kinds: rate, answer: true, most: maxRate, number: func(l *Limit) *int { return &l.RPS }},
		{name: "rpm", want: "rpm=60", kinds: rate, answer: true, most: maxRate, number: func(l *Limit) *int { return &l.RPM }},
		{name: "burst", want: "burst=10", kinds: rate, answer: true, most: maxRate, number: func(l *Limit) *int { return &l.Burst }},
		{name: "tpm", want: "tpm=10000", kinds: rate, answer: true, most: maxRate, number: func(l *Limit) *int { return &l.TPM }},
		{name: "itpm", want: "itpm=10000", kinds: rate, answer: true, most: maxRate, number: func(l *Limit) *int { return &l.InputTPM }},
		{name: "otpm", want: "otpm=10000", kinds: rate, answer: true, most: maxRate, number: func(l *Limit) *int { return &l.OutputTPM }},
		{name: "concurrent", want: "concurrent=2", kinds: rate, answer: true, most: most, number: func(l *Limit) *int { return &l.Concurrent }},
		{name: "day", want: "day=1000", kinds: quota, most: most, number: func(l *Limit) *int { return &l.Day }},
		{name: "day-tokens", want: "day-tokens=100000", kinds: quota, most: most, number: func(l *Limit) *int { return &l.DayTokens }},
		{name: "requests", want: "requests=1000", kinds: quota, most: most, number: func(l *Limit) *int { return &l.Requests }},
		{name: "tokens", want: "tokens=100000", kinds: quota, most: most, number: func(l *Limit) *int { return &l.Tokens }},
		limitInstantWord("from", "from=10s", LimitWindow, func(l *Limit) *time.Duration { return &l.From }),
		limitInstantWord("to", "to=20s", LimitWindow, func(l *Limit) *time.Duration { return &l.To }),
		limitInstantWord("at", "at=30s", LimitRevoked, func(l *Limit) *time.Duration { return &l.At }),
		{name: "retry-after", want: "retry-after=seconds", kinds: every, answer: true, parse: parseHint, print: printHint},
		limitTextWord("message", `message="Try again in {wait}."`, counting, func(l *Limit) *string { return &l.Message }),
	}
}

// limitTextWord is an option that is a text.
func limitTextWord(name, want string, kinds []LimitKind, field func(*Limit) *string) limitWord {
	return limitWord{
		name: name, want: want, kinds: kinds, answer: name == "message",
		parse: func(l *Limit, v value) error {
			if v.text == "" {
				return fmt.Errorf("%s= without a value: want %s", name, want)
			}
			*field(l) = v.text
			return nil
		},
		print: func(l *Limit) string {
			if text := *field(l); text != "" {
				return quote(text)
			}
			return ""
		},
	}
}

// limitInstantWord is an option that is an instant, counted from when the script is played.
func limitInstantWord(name, want string, kind LimitKind, field func(*Limit) *time.Duration) limitWord {
	return limitWord{
		name: name, want: want, kinds: []LimitKind{kind},
		parse: func(l *Limit, v value) (err error) {
			*field(l), err = duration(strings.TrimPrefix(v.text, "+"))
			return err
		},
		print: func(l *Limit) string {
			if d := *field(l); d != 0 || l.Kind == LimitRevoked && kind == LimitRevoked {
				return durationText(d)
			}
			return ""
		},
	}
}

func parseKeys(l *Limit, v value) error {
	for _, name := range strings.Split(v.text, ",") {
		l.Keys = append(l.Keys, name)
		if !keyName.MatchString(name) {
			return fmt.Errorf("bad key name %q: want small letters, digits and hyphens, as in keys=k0,k1", name)
		}
	}
	return nil
}

func parseBy(l *Limit, v value) error {
	for _, by := range []LimitBy{ByKey, ByAddress} {
		if v.text == by.String() {
			l.By = by
			return nil
		}
	}
	return fmt.Errorf("unknown by=%s: want by=key or by=address", v.text)
}

// parseHint reads a form, or a text that is sent as it is: a number, or whatever stands in quotes.
func parseHint(l *Limit, v value) error {
	names := hintNames()[HintSeconds:HintText]
	i := slices.Index(names, v.text)
	switch {
	case v.quoted || isNumber(v.text):
		l.Hint, l.HintText = HintText, v.text
	case i < 0:
		return fmt.Errorf("unknown form %q: want one of %s, or a number or a text in quotes, which is sent as it is", v.text, strings.Join(names, ", "))
	default:
		l.Hint = HintSeconds + LimitHint(i)
	}
	return nil
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "-0123456789.") == ""
}

func printHint(l *Limit) string {
	switch {
	case l.Hint == HintUsual:
		return ""
	case l.Hint != HintText:
		return l.Hint.String()
	case isNumber(l.HintText):
		return l.HintText
	}
	return quoteAlways(l.HintText)
}

// read takes a value into the limit.
func (w *limitWord) read(l *Limit, v value) error {
	if w.number == nil {
		return w.parse(l, v)
	}
	n, err := strconv.Atoi(v.text)
	if err != nil || n < 1 || v.text[0] == '+' || n > w.most {
		return fmt.Errorf("bad number %q: want a whole number from 1 to %d, as in %s", v.text, w.most, w.want)
	}
	*w.number(l) = n
	return nil
}

// text is the option as the limit has it; "" when it does not.
func (w *limitWord) text(l *Limit) string {
	if w.number == nil {
		return w.print(l)
	}
	if n := *w.number(l); n != 0 {
		return strconv.Itoa(n)
	}
	return ""
}

// limitWordNamed finds an option of a limit of this kind, and in an answer of one that an answer can have. The error
// says what would be right.
func limitWordNamed(name string, kind LimitKind, answer bool) (*limitWord, error) {
	var names []string
	var other *limitWord
	for _, w := range limitWords() {
		fits := slices.Contains(w.kinds, kind) && (!answer || w.answer)
		switch {
		case fits && w.name == name:
			return &w, nil
		case fits:
			names = append(names, w.name)
		case w.name == name:
			other = &w
		}
	}
	want := "want one of " + strings.Join(names, ", ")
	switch near, ok := nearest(name, names); {
	case other != nil && slices.Contains(other.kinds, kind):
		return nil, fmt.Errorf("%s= says whom a limit is about, and the key stands before the colon: leave it away, or write a line of its own, %q", name, "limit rpm=60 "+other.want)
	case other != nil:
		return nil, fmt.Errorf("a %s has no %s=, which a %s has: %s", kind, name, other.kinds[0], want)
	case ok:
		return nil, fmt.Errorf("unknown option %q of a %s: did you mean %s?", name, kind, near)
	}
	return nil, fmt.Errorf("unknown option %q of a %s: %s", name, kind, want)
}
