package fakeupstream

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// exchange is all that an answer's bytes may depend on.
type exchange struct {
	answer Answer
	now    time.Time // when the answer was decided
	method string
	path   string
	key    string      // alias
	asked  *asked      // read only
	header http.Header // the request's; read only
	query  string
	body   *cameBody // the request's; read only
	models []string

	from  *Answer // where in the script the answer comes from; nil: it was made for this request
	said  *turn   // what turnOf returned before
	marks *marks  // in place of ids while a template is made

	refusal *refusal // set when the answer is that the vendor refuses the request

	limits   readings // what the limits have left
	underWay []*meter // where the exchange counts as long as it goes on

	seed uint64
	name string
	seq  int
}

// model is the model's name to answer with.
func (x *exchange) model(otherwise string) string {
	if x.asked.Model != "" {
		return x.asked.Model
	}
	return otherwise
}

// read takes in the request's body.
func (x *exchange) read(body *cameBody) { x.asked, x.body = &body.asked, body }

// inputTokens counts a request's tokens as a rule of thumb does, four bytes each. A request in a shape that is known
// is counted by what it says, so that a stream costs what the same answer in one body does.
func (x *exchange) inputTokens() int {
	if n := x.asked.prompt(); n > 0 {
		return n/4 + 1
	}
	return len(x.body.bytes)/4 + 1
}

// isGet tells whether the request reads; HEAD is answered as GET would be.
func (x *exchange) isGet() bool { return x.method == http.MethodGet || x.method == http.MethodHead }

// endpoint returns the path behind its version segment: "/v1/models/m1" and "/base/v1/models/m1" give "models/m1".
func (x *exchange) endpoint() string {
	if i := strings.LastIndex(x.path, "/v1/"); i >= 0 {
		return x.path[i+len("/v1/"):]
	}
	return strings.TrimPrefix(x.path, "/")
}

// modelInPath returns the model that GET /v1/models/ID asks for; "": another path.
func (x *exchange) modelInPath() string {
	id, _ := strings.CutPrefix(x.endpoint(), "models/")
	if id == x.endpoint() {
		return ""
	}
	return id
}

// hasEndpoint tells whether the path ends in the given segments.
func (x *exchange) hasEndpoint(segments string) bool {
	return x.path == segments || strings.HasSuffix(x.path, "/"+segments)
}

const idLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// id returns n letters that depend on the seed, the upstream, the request's number and the purpose, and on nothing
// else: there is no shared stream that the order of draws could disturb.
func (x *exchange) id(purpose string, n int) string {
	if x.marks != nil {
		return x.marks.of(purpose, n)
	}
	out := x.idBytes(purpose)
	return string(out[:min(n, idLength)])
}

// idLength is how long the longest id is.
const idLength = sha256.Size

// idBytes is the longest id, of which shorter ones are the beginning.
func (x *exchange) idBytes(purpose string) (out [idLength]byte) {
	in := make([]byte, 0, 64)
	in = binary.BigEndian.AppendUint64(in, x.seed)
	in = binary.BigEndian.AppendUint64(in, uint64(x.seq))
	in = append(in, x.name...)
	in = append(in, 0) // so that name and purpose cannot run into each other
	in = append(in, purpose...)
	sum := sha256.Sum256(in)
	for i := range out {
		out[i] = idLetters[int(sum[i])%len(idLetters)]
	}
	return out
}

// choiceID is an id for part j of choice i.
func (x *exchange) choiceID(purpose string, i, j int) string {
	return x.id(purpose+strconv.Itoa(i)+"."+strconv.Itoa(j), 32)
}

// wait returns how long the answer asks its client to wait, as far as that can be told from its hints.
func (x *exchange) wait() (time.Duration, bool) {
	if d, ok := decimal(x.answer.RetryAfterMS, "ms"); ok {
		return d, true
	}
	switch r := x.answer.RetryAfter; r.Form {
	case FormText:
		return decimal(r.Text, "s")
	case FormIMF, FormRFC850, FormAsctime:
		return r.Offset, r.Offset > 0
	default:
		return 0, false
	}
}

// decimal reads a positive decimal number as a duration in the given unit.
func decimal(text, unit string) (time.Duration, bool) {
	if text == "" || strings.Trim(text, "0123456789.") != "" {
		return 0, false
	}
	d, err := time.ParseDuration(text + unit)
	return d, err == nil && d > 0
}

// reset is when the limits that the headers tell of are full again: what the answer asks for, or a second for a 429
// without a hint, or the blink that it takes to refill one request.
func (x *exchange) reset() time.Duration {
	if d, ok := x.wait(); ok {
		return d
	}
	if x.answer.Status == http.StatusTooManyRequests {
		return time.Second
	}
	return 6 * time.Millisecond
}

// remaining is what a limit has left after this answer.
func (x *exchange) remaining(limit, used int) int {
	if x.answer.Status == http.StatusTooManyRequests {
		return 0
	}
	return max(limit-used, 0)
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types of this package always marshal
	}
	return b
}
