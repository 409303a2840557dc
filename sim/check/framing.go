package check

import "bytes"

func framingIsRight() Check {
	return Check{
		Name:     "framing-is-right",
		Sentence: "How an answer is framed is what its headers say: no chunks for HTTP/1.0, and gzip where they say gzip and nowhere else.",
		Bugs:     []string{"elazarl/goproxy#749", "elazarl/goproxy#755", "envoyproxy/ai-gateway#2392", "envoyproxy/ai-gateway#2554"},
		find: func(r *Run) []Finding {
			var found []Finding
			for _, x := range r.exchanges() {
				if x.got == nil {
					continue
				}
				if x.got.Chunked && x.sent.Proto == "HTTP/1.0" {
					found = append(found, findingf(x.step, "%s speaks HTTP/1.0 and got chunks", x.sent.Client))
				}
				if what := x.otherwiseEncoded(); what != "" {
					found = append(found, findingf(x.step, "%s got %s", x.sent.Client, what))
				}
			}
			return found
		},
	}
}

// otherwiseEncoded says how the body that a client got is not what its headers say; "":
// it is, or the upstream's own headers do not tell the truth either.
func (x *exchange) otherwiseEncoded() string {
	if len(x.attempts) == 0 || x.got.Err != "" || len(x.got.Body.Bytes) == 0 {
		return ""
	}
	last := x.attempts[len(x.attempts)-1]
	if last.Status != x.got.Status {
		return "" // it is the gateway's own answer
	}
	zipped := bytes.HasPrefix(x.got.Body.Bytes, []byte{0x1f, 0x8b}) // RFC 1952, section 2.3.1
	sent, got := last.Answer.Get("Content-Encoding"), x.got.Header.Get("Content-Encoding")
	switch {
	case zipped && sent == "gzip" && got == "":
		return "a body in gzip, and no header that says so"
	case !zipped && got == "gzip" && sent == "":
		return "Content-Encoding: gzip, and a body that is not"
	case !zipped && got == "gzip" && last.ended.Broke == "" && !last.wasWhole(x.got.Body) && last.Answer.Get("Content-Length") != "":
		return "Content-Encoding: gzip, and the body without it"
	}
	return ""
}
