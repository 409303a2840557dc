package recording

import (
	"net"
	"slices"
	"strconv"
	"strings"
)

// ports are those that the drill's gateway lets CONNECT have, "" where the usual ones do:
// tunnels were opened to others, so that the recorded gateway allowed them.
func (w *writer) ports() string {
	list := []int{80, 443}
	for _, f := range w.run.Facts {
		_, port, err := net.SplitHostPort(f.Host)
		if n, bad := strconv.Atoi(port); err == nil && bad == nil && n > 0 && n < 1<<16 && f.Verdict == "intercepted" && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	if len(list) == 2 {
		return ""
	}
	slices.Sort(list)
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ",")
}
