package record

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// The kinds that every request has are written by hand: encoding/json would take longer
// than all the rest of a recording.

// room is for the lines of most requests; it is on the stack.
const room = 1 << 10

func appendHead(b []byte, n, at int64) []byte {
	b = strconv.AppendInt(append(b, `{"n":`...), n, 10)
	return strconv.AppendInt(append(b, `,"at":`...), at, 10)
}

// appendTail writes what follows the instant, without a newline.
func (f *Fact) appendTail(b []byte) []byte {
	switch f.Kind {
	case KindAttempt, KindChunks, KindEnd, KindDone, KindAnswer, KindRequest:
	default:
		return f.marshalTail(b)
	}
	b = append(append(append(b, `,"fact":"`...), f.Kind...), '"')
	b = appendField(b, `,"id":`, f.ID)
	b = appendNumber(b, `,"try":`, int64(f.Try))
	b = appendField(b, `,"tunnel":`, f.Tunnel)
	b = appendField(b, `,"via":`, f.Via)
	b = appendField(b, `,"method":`, f.Method)
	b = appendField(b, `,"host":`, f.Host)
	b = appendField(b, `,"path":`, f.Path)
	if f.Query {
		b = append(b, `,"query":true`...)
	}
	b = appendField(b, `,"provider":`, f.Provider)
	b = appendField(b, `,"verdict":`, f.Verdict)
	b = appendField(b, `,"key":`, f.Key)
	b = appendNumber(b, `,"status":`, int64(f.Status))
	b = appendField(b, `,"retry_after":`, f.RetryTold)
	b = appendField(b, `,"credential":`, f.Credential)
	b = appendField(b, `,"how":`, f.How)
	b = appendNumber(b, `,"bytes":`, f.Bytes)
	b = appendNumber(b, `,"sent":`, f.Sent)
	b = f.appendContents(b)
	b = appendField(b, `,"error":`, f.Error)
	b = appendHeader(b, f.Header)
	b = appendChunks(b, f.Chunks)
	return append(b, '}')
}

// appendContents writes what few lines have: the bodies, and the codes of errors.
func (f *Fact) appendContents(b []byte) []byte {
	b = appendField(b, `,"sha256":`, f.SHA256)
	b = appendField(b, `,"body":`, f.Body)
	b = appendField(b, `,"sent_sha256":`, f.SentSHA256)
	b = appendField(b, `,"sent_body":`, f.SentBody)
	if f.Cut {
		b = append(b, `,"cut":true`...)
	}
	if len(f.Codes) > 0 {
		b = appendStrings(append(b, `,"codes":`...), f.Codes)
	}
	return b
}

func appendChunks(b []byte, chunks [][2]int64) []byte {
	for i, c := range chunks {
		if i == 0 {
			b = append(b, `,"chunks":[[`...)
		} else {
			b = append(b, `],[`...)
		}
		b = strconv.AppendInt(b, c[0], 10)
		b = strconv.AppendInt(append(b, ','), c[1], 10)
	}
	if len(chunks) > 0 {
		b = append(b, `]]`...)
	}
	return b
}

// marshalTail is for the kinds that are rare.
func (f *Fact) marshalTail(b []byte) []byte {
	rest := *f
	rest.N, rest.At = 0, 0
	text, _ := json.Marshal(&rest) // nothing in a Fact can fail
	return append(b, text[len(`{"n":0,"at":0`):]...)
}

// appendField writes a string that is not empty; name has its comma and its colon.
func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(append(b, name...), value)
}

// appendNumber writes a number that is not 0.
func appendNumber(b []byte, name string, value int64) []byte {
	if value == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), value, 10)
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendString quotes as JSON does; most strings need nothing of that.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := len(b)
	b = append(b, s...)
	if !plain(b[start:]) {
		text, _ := json.Marshal(s)
		return append(b[:start-1], text...)
	}
	return append(b, '"')
}

// plain reports whether nothing in a text has to be escaped, eight bytes at a time: a byte
// below ' ', one that is not of ASCII, a quote and a backslash each leave the highest bit set.
func plain(text []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		w := binary.LittleEndian.Uint64(text)
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		if (w|(w-ones*' ')&^w|(quote-ones)&^quote|(slash-ones)&^slash)&highs != 0 {
			return false
		}
	}
	for _, c := range text {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
