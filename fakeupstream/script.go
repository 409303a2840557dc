package fakeupstream

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// script is the rules that are played, and how far each has come. The upstream's lock guards it.
type script struct {
	rules       []*progress
	models      byModel
	connections *progress // nil: every connection is served
	bad         []string  // what is wrong with rules that cannot be played

	limits   []*playedLimit          // in the order of their lines
	byAnswer map[*Limit]*playedLimit // those that answers have; the pointers are the script's own
	meters   []*meter                // what metersOf returned last
	early    bool                    // an answer does not wait for the request's body
	reserves bool                    // one of them counts tokens a minute
	began    time.Time               // when it was played
}

// progress is one rule and how often it has answered.
type progress struct {
	rule     Rule
	text     string
	asked    int
	until    []int // see Rule.until; nil: nobody has asked yet
	shadowed bool  // an earlier rule answers everything that this one could
}

func newScript(rules []Rule) *script {
	s := &script{models: byModel{}}
	for i, r := range rules {
		mistakes := r.mistakes()
		for _, m := range mistakes {
			s.bad = append(s.bad, fmt.Sprintf("rule %d cannot be played: %s", i+1, m))
		}
		if len(mistakes) > 0 {
			continue
		}
		if r.Connections != nil {
			if s.connections != nil {
				s.bad = append(s.bad, fmt.Sprintf("rule %d cannot be played: there is a rule of connections already", i+1))
			} else {
				r.Connections = slices.Clone(r.Connections)
				s.connections = &progress{rule: r}
			}
			continue
		}
		if r.Limit != nil {
			s.reserves = s.reserves || r.Limit.TPM > 0
			s.limits = append(s.limits, playLimit(r.Limit.clone(), r.String()))
			continue
		}
		r.Answers = slices.Clone(r.Answers)
		s.early = s.early || slices.ContainsFunc(r.Answers, Answer.beforeBody)
		s.playLimits(r.Answers)
		shadowed := s.models.first(r.Model, func(i int) bool { return s.rules[i].rule.Covers(r) }) >= 0
		s.models.add(r.Model, len(s.rules))
		s.rules = append(s.rules, &progress{rule: r, text: r.String(), shadowed: shadowed})
	}
	return s
}

// playLimits gives each answer that has a limit one of its own.
func (s *script) playLimits(answers []Answer) {
	for i := range answers {
		if answers[i].Limit == nil {
			continue
		}
		own := answers[i].Limit.clone()
		answers[i].Limit = &own
		s.reserves = s.reserves || own.TPM > 0
		if s.byAnswer == nil {
			s.byAnswer = map[*Limit]*playedLimit{}
		}
		s.byAnswer[&own] = playLimit(own, "")
	}
}

// next takes the answer to a request of key, and returns it with its rule's text. When there is none, why says so.
func (s *script) next(method, key, path, model string) (a *Answer, rule, why string) {
	if i := s.models.first(model, func(i int) bool { return s.rules[i].rule.fits(key, path) }); i >= 0 {
		p := s.rules[i]
		if a, ok := p.answer(); ok {
			p.asked++
			return a, p.text, ""
		}
		return nil, "", fmt.Sprintf("%s: the sequence %q ran out before %s", p.rule.head(), p.rule.answersText(), called(method, path, key))
	}
	request := called(method, path, key)
	names := make([]string, len(s.rules))
	for i, p := range s.rules {
		names[i] = p.rule.head()
	}
	if len(names) == 0 {
		return nil, "", fmt.Sprintf("no rule answers %s (there are no rules)", request)
	}
	why = fmt.Sprintf("no rule answers %s (rules: %s)", request, strings.Join(names, ", "))
	if near, ok := s.nearestRule(key, path, model); ok {
		why += "; nearest rule: " + near.head()
		if model != "" {
			why += fmt.Sprintf(", and the request's model is %q", model)
		}
	}
	return nil, "", why
}

// called is what faults call a request.
func called(method, path, key string) string { return method + " " + path + " key=" + key }

// until are the numbers of requests that the rule's answers have been given to in all when
// each of them is used up.
func (r Rule) until() []int {
	list, total := make([]int, len(r.Answers)), 0
	for i, a := range r.Answers {
		total += a.times()
		list[i] = total
	}
	return list
}

// answer returns the answer to the rule's next request.
func (p *progress) answer() (*Answer, bool) {
	r, i := &p.rule, p.asked
	if r.endless() {
		return &r.Answers[0], true
	}
	if len(r.Answers) == 0 {
		return nil, false
	}
	if p.until == nil {
		p.until = r.until()
	}
	switch total := p.until[len(p.until)-1]; {
	case i < total:
	case r.End == EndRepeat:
		i = total - 1
	case r.End == EndLoop:
		i %= total
	}
	k := sort.SearchInts(p.until, i+1)
	if k == len(p.until) {
		return nil, false
	}
	return &r.Answers[k], true
}

// endless tells whether the rule never runs out.
func (r Rule) endless() bool { return len(r.Answers) == 1 && r.Answers[0].Times == 0 }

// times is how often the answer has to be asked for.
func (a Answer) times() int { return max(a.Times, 1) }

func (s *script) invalid(name string) []Fault {
	faults := make([]Fault, len(s.bad))
	for i, text := range s.bad {
		faults[i] = Fault{Kind: Invalid, Text: name + ": " + text}
	}
	return faults
}

// unasked returns a fault for each answer that was not asked for as often as it should have been.
func (s *script) unasked(name string) []Fault {
	var faults []Fault
	if s.connections != nil {
		faults = s.connections.unopened(name)
	}
	for _, p := range s.rules {
		rest := p.asked
		for i, a := range p.rule.Answers {
			got := min(rest, a.times())
			rest -= got
			if got < a.times() {
				text := fmt.Sprintf("%s: %s: %s", name, p.rule.head(), p.unaskedText(i, got))
				faults = append(faults, Fault{Kind: Unasked, Text: text})
			}
		}
	}
	return faults
}

// unaskedText says of answer i that it was asked for only got times.
func (p *progress) unaskedText(i, got int) string {
	a, n := p.rule.Answers[i], len(p.rule.Answers)
	which, aside := "answer", ""
	if n > 1 {
		which = fmt.Sprintf("answer %d of %d", i+1, n)
		aside = fmt.Sprintf(" (the rule was asked %s)", times(p.asked))
	}
	if p.shadowed {
		aside = " (an earlier rule answers its requests)"
	}
	if got > 0 {
		return fmt.Sprintf("%s %q was asked for %s and not %s%s", which, a, times(got), times(a.times()), aside)
	}
	return fmt.Sprintf("%s %q was never asked for%s", which, a, aside)
}

func times(n int) string {
	if n == 1 {
		return "1 time"
	}
	return fmt.Sprintf("%d times", n)
}

// upcoming is the answer that next would take, as far as that is known before a request's body is.
func (s *script) upcoming(key, path string) (Answer, bool) {
	for _, p := range s.rules {
		if p.rule.fits(key, path) {
			a, ok := p.answer()
			if !ok || p.rule.Model != "" {
				break
			}
			return *a, true
		}
	}
	return Answer{}, false
}
