package fakeupstream

// byModel are rules by the model that they name, each list in the order of the script; under "" are those that name
// none. A long script has many models, and few rules for one of them.
type byModel map[string][]int

func (b byModel) add(model string, i int) { b[model] = append(b[model], i) }

// first returns the first rule that could be about a model and that is what is wanted; -1: there is none. Without a
// model these are the rules that name none.
func (b byModel) first(model string, wanted func(i int) bool) int {
	named, all := []int(nil), b[""]
	if model != "" {
		named = b[model]
	}
	for len(named) > 0 || len(all) > 0 {
		next := &all
		if len(all) == 0 || len(named) > 0 && named[0] < all[0] {
			next = &named
		}
		i := (*next)[0]
		if *next = (*next)[1:]; wanted(i) {
			return i
		}
	}
	return -1
}

// Covering returns, for each rule, the index of the first one before it that covers it, see Rule.Covers; -1: there is
// none.
func Covering(rules []Rule) []int {
	list, models := make([]int, len(rules)), byModel{}
	for i, r := range rules {
		list[i] = models.first(r.Model, func(j int) bool { return rules[j].Covers(r) })
		models.add(r.Model, i)
	}
	return list
}
