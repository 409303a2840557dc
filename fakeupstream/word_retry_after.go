package fakeupstream

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func retryAfterWord() word {
	return word{
		name: "retry-after",
		form: Form{
			Text:    "retry-after=TEXT",
			Doc:     "The Retry-After header: any text, sent as it is (5, 1.5, garbage, a quoted date), or date+5s and date-5s for the HTTP date that far from the answer's instant.",
			Example: "key k0: 429 retry-after=5",
		},
		parse: func(a *Answer, v value) error {
			if offset, ok, err := dateOffset(v); err != nil {
				return err
			} else if ok {
				a.RetryAfter = RetryAfterDate(offset, FormIMF)
			} else {
				a.RetryAfter = RetryAfterText(v.text)
			}
			return nil
		},
		print: printRetryAfter,
	}
}

// dateOffset reads date+5s. Quotes make any text a text, so that such a header can be sent too.
func dateOffset(v value) (time.Duration, bool, error) {
	signed, ok := strings.CutPrefix(v.text, "date")
	if v.quoted || !ok || signed == "" || (signed[0] != '+' && signed[0] != '-') {
		return 0, false, nil
	}
	d, err := duration(signed[1:])
	if err != nil {
		return 0, false, fmt.Errorf("%w; quote the value if it is meant as a text", err)
	}
	if signed[0] == '-' {
		d = -d
	}
	return d, true, nil
}

func printRetryAfter(a Answer) []string {
	r := a.RetryAfter
	switch r.Form {
	case FormText:
		if strings.HasPrefix(r.Text, "date+") || strings.HasPrefix(r.Text, "date-") {
			return []string{"retry-after=" + quoteAlways(r.Text)}
		}
		return []string{"retry-after=" + quote(r.Text)}
	case FormIMF, FormRFC850, FormAsctime:
		sign, offset := "+", r.Offset
		if offset < 0 {
			sign, offset = "-", -offset
		}
		out := []string{"retry-after=date" + sign + durationText(offset)}
		if r.Form != FormIMF {
			out = append(out, "form="+r.Form.String())
		}
		return out
	default:
		return nil
	}
}

func dateFormWord() word {
	return word{
		name: "form",
		form: Form{
			Text:    "form=imf|rfc850|asctime",
			Doc:     "After retry-after=date…: which of the three HTTP date forms it has. Without it, imf.",
			Example: "key k0: 429 retry-after=date+5s form=rfc850",
		},
		parse: func(a *Answer, v value) error {
			if a.RetryAfter.Form < FormIMF {
				return errors.New("form= without a date before it: want retry-after=date+5s form=imf")
			}
			for _, f := range []RetryAfterForm{FormIMF, FormRFC850, FormAsctime} {
				if v.text == f.String() {
					a.RetryAfter.Form = f
					return nil
				}
			}
			return fmt.Errorf("unknown date form %q: want imf, rfc850 or asctime", v.text)
		},
	}
}

// String returns the form as form= writes it.
func (f RetryAfterForm) String() string {
	switch f {
	case FormText:
		return "text"
	case FormIMF:
		return "imf"
	case FormRFC850:
		return "rfc850"
	case FormAsctime:
		return "asctime"
	default:
		return "absent"
	}
}

// at returns the header's value for an answer that is decided at now, and whether there is one.
func (r RetryAfter) at(now time.Time) (string, bool) {
	date := now.Add(r.Offset).UTC()
	switch r.Form {
	case FormText:
		return r.Text, true
	case FormIMF:
		return date.Format(http.TimeFormat), true
	case FormRFC850:
		return date.Format("Monday, 02-Jan-06 15:04:05 GMT"), true // time.RFC850 would say UTC
	case FormAsctime:
		return date.Format(time.ANSIC), true
	default:
		return "", false
	}
}
