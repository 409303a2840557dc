package check

import "strings"

func allTriedBeforeExhausted() Check {
	return Check{
		Name:     "all-tried-before-exhausted",
		Sentence: "A client is told that the keys are at their end only when no key is left that could be used.",
		Bugs:     []string{"maximhq/bifrost#5876", "HKUDS/DeepTutor#1499"},
		find: func(r *Run) []Finding {
			return r.passedOver(func(p passed) (string, bool) {
				return "nothing speaks against it", p.kind == overNothing
			})
		},
	}
}

func requestFaultsDoNotMark() Check {
	return Check{
		Name:     "request-faults-do-not-mark",
		Sentence: "400, 404, 413, 5xx and 529 speak of a request or of an upstream, and leave the key as it was.",
		Bugs:     []string{"coder/coder#27419", "router-for-me/CLIProxyAPI@fe28d582f", "router-for-me/CLIProxyAPI@8392b180c"},
		find: func(r *Run) []Finding {
			return r.passedOver(func(p passed) (string, bool) {
				return "it was only ever answered " + strings.Join(p.faults, " and "), p.kind == overFault
			})
		},
	}
}

func statusBeatsProse() Check {
	return Check{
		Name:     "status-beats-prose",
		Sentence: "The status decides about a key; the text of a body may refine that and never overrides it.",
		Bugs:     []string{"router-for-me/CLIProxyAPI@9c8e4a07e", "one-api `manage.go`"},
		find: func(r *Run) []Finding {
			return r.passedOver(func(p passed) (string, bool) {
				return "it was answered " + p.prose + ", and the status does not speak of the key", p.kind == overProse
			})
		},
	}
}

func marksHeal() Check {
	return Check{
		Name:     "marks-heal",
		Sentence: "Once its deadline is past, or an operator has healed it, a key is used again.",
		Bugs:     []string{"coder/coder#26033", "QuantumNous/new-api#3537"},
		find: func(r *Run) []Finding {
			return r.passedOver(func(p passed) (string, bool) {
				if p.kind == overHealed {
					return "an operator has healed it", true
				}
				return p.said("its rest was over"), p.kind == overForm && p.mark.form == formPlain
			})
		},
	}
}

func oneMarkPerWindow() Check {
	return Check{
		Name:     "one-mark-per-window",
		Sentence: "Failures of one key at the same time count as one, and none of them is counted twice.",
		Bugs:     []string{"agentgateway#1912", "tbphp/gpt-load"},
		find: func(r *Run) []Finding {
			found := r.passedOver(func(p passed) (string, bool) {
				return p.said("it was refused several times at once, and each of these rests was over"), p.kind == overWindow
			})
			return append(found, r.miscounted(r.Intent.Metrics.Failovers, r.failovers())...)
		},
	}
}

func lateMarkIsHarmless() Check {
	return Check{
		Name:     "late-mark-is-harmless",
		Sentence: "A refusal that arrives after its key was removed does not damage the one that came back.",
		Bugs:     []string{"router-for-me/CLIProxyAPI@9169ad56e"},
		find: func(r *Run) []Finding {
			return r.passedOver(func(p passed) (string, bool) {
				return p.said("the refusal was for the key that had been removed"), p.kind == overLate
			})
		},
	}
}
