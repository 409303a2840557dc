package fakeupstream

import "encoding/json"

// errorCodes are what an answer's body says of its error in single words: OpenAI's error.code and both vendors'
// error.type. Nil for a success, for a stream, and for a body that is not JSON or not in the clear.
func (out *reply) errorCodes() []string {
	if out.codes != nil {
		return out.codes
	}
	if out.status < 400 || out.events != nil || out.header.get("Content-Encoding") != "" {
		return nil
	}
	var said struct {
		Error struct {
			Code, Type any // a script may send what is no string
		}
	}
	if json.Unmarshal(out.body, &said) != nil {
		return nil
	}
	var codes []string
	for _, value := range [...]any{said.Error.Code, said.Error.Type} {
		if code, ok := value.(string); ok && code != "" {
			codes = append(codes, code)
		}
	}
	return codes
}
