package har

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// loose is a text, or whatever an exporter wrote in place of one.
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) != nil {
		s = string(text)
	}
	*l = loose(s)
	return nil
}

// pair is a header, a cookie, a part of a query or a field of a form.
type pair struct {
	Name  loose `json:"name"`
	Value loose `json:"value"`
}

// said is an entry as the file has it (HAR 1.2, "entries"). Times are milliseconds, and
// -1 where there is none. What begins with _ is Chrome's and mitmproxy's.
type said struct {
	Started string  `json:"startedDateTime"`
	Time    float64 `json:"time"`
	Request *struct {
		Method   string  `json:"method"`
		URL      string  `json:"url"`
		Headers  []pair  `json:"headers"`
		Cookies  []pair  `json:"cookies"`
		Query    []pair  `json:"queryString"`
		BodySize float64 `json:"bodySize"`
		Body     *struct {
			Text loose `json:"text"`
		} `json:"postData"`
	} `json:"request"`
	Response *struct {
		Status  int    `json:"status"`
		Headers []pair `json:"headers"`
		Cookies []pair `json:"cookies"`
		Content struct {
			Size     float64 `json:"size"`
			MimeType loose   `json:"mimeType"`
			Text     loose   `json:"text"`
			Encoding loose   `json:"encoding"`
		} `json:"content"`
		Error loose `json:"_error"`
	} `json:"response"`
	Timings *timings `json:"timings"`
	Error   loose    `json:"_error"`
}

type timings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"` // with ssl
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

// entry is one exchange.
type entry struct {
	number int // in the file, from 1
	said   said

	url      *url.URL
	request  http.Header
	response http.Header
	began    time.Time
	wait     time.Duration // from the beginning to the answer's head
	receive  time.Duration // from there to its end
}

// longest is how long an exchange may take: what is longer is a mistake in a number.
const longest = 7 * 24 * time.Hour

// read makes sense of what was said, and returns everything that makes none. Texts of the
// file are not in the errors: nobody knows what is in them.
func (e *entry) read() (faults []error) {
	s := &e.said
	if s.Request == nil {
		return []error{errors.New("it has no request")}
	}
	var ok bool
	if e.began, ok = instant(s.Started); !ok {
		faults = append(faults, errors.New("its startedDateTime is no date and time of ISO 8601, such as 2026-01-31T12:00:00.000Z"))
	}
	if u, err := url.Parse(s.Request.URL); err != nil || u.Scheme == "" {
		faults = append(faults, errors.New("its request.url is none"))
	} else {
		e.url = u
	}
	if !isMethod(s.Request.Method) {
		faults = append(faults, errors.New("its request.method is none"))
	}
	if s.Response != nil && s.Response.Status != 0 && (s.Response.Status < 100 || s.Response.Status > 999) {
		faults = append(faults, errors.New("its response.status is "+strconv.Itoa(s.Response.Status)+", which is none"))
	}
	e.request = header(s.Request.Headers)
	if s.Response != nil {
		e.response = header(s.Response.Headers)
	}
	if !e.times() {
		faults = append(faults, errors.New("its times are longer than a week: they are milliseconds"))
	}
	return faults
}

// times sets wait and receive. Where there are no timings, the answer came when it was whole.
func (e *entry) times() bool {
	total := millis(e.said.Time)
	if t := e.said.Timings; t != nil {
		for _, part := range []float64{t.Blocked, t.DNS, t.Connect, t.Send, t.Wait} {
			e.wait += millis(part)
		}
		e.receive = millis(t.Receive)
	}
	if e.wait+e.receive == 0 {
		e.wait = total
	}
	return e.wait <= longest && e.receive <= longest && total <= longest
}

// millis is a number of milliseconds, none when it is negative, and longer than anything
// when it is out of range.
func millis(n float64) time.Duration {
	switch {
	case n <= 0:
		return 0
	case n > 1e9: // eleven days; six of them can be added
		return 1e15
	}
	return time.Duration(n * float64(time.Millisecond))
}

// instant reads the forms that exporters write; without a zone it is UTC.
func instant(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func isMethod(text string) bool {
	for i := range len(text) {
		if text[i] < 'A' || text[i] > 'Z' {
			return false
		}
	}
	return text != "" && len(text) <= 20
}

// header has the names as net/http writes them.
func header(list []pair) http.Header {
	h := http.Header{}
	for _, p := range list {
		h.Add(string(p.Name), string(p.Value))
	}
	return h
}

// status is the answer's, 0 when there was none.
func (e *entry) status() int {
	if e.said.Response == nil {
		return 0
	}
	return e.said.Response.Status
}
