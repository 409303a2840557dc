// Package bench measures the reference gateway against what else one could put in its
// place: a bare goproxy that intercepts, and a bare httputil.ReverseProxy behind TLS.
// It holds tests only.
//
//	client ──TLS──▶ gatedrill     ──TLS──▶ upstream
//	       ──TLS──▶ goproxy       ──TLS──▶
//	       ──TLS──▶ reverse proxy ──TLS──▶
//	       ──TLS (direct)────────────────▶
//
// All of them run in one process, on loopback sockets and by the real clock, and take
// turns: each round gives every gateway the same work, beginning with another one each
// time. What is compared are the medians of the rounds' ratios, so that a busy machine
// slows the numbers and leaves the ratios.
//
//	go test -run '^$' -bench . -benchtime 5s ./proxy/bench
//
// prints a table at the end. Clients and upstream are written by hand and do as little
// as TLS allows, so that the gateways' own cost is what is seen; "direct" is that floor.
package bench
