package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// sent is one server-sent event.
type sent struct {
	name string
	data string
}

// eventsOf cuts a stream into its events. Each has one line of data and ends in a blank line, and nothing is left.
func eventsOf(stream string) ([]sent, error) {
	whole := regexp.MustCompile(`^(?:(?:event: ([a-z_.]+)\n)?data: ([^\n]+)\n\n)`)
	var out []sent
	for stream != "" {
		m := whole.FindStringSubmatch(stream)
		if m == nil {
			return nil, fmt.Errorf("not an event: %.80q", stream)
		}
		out = append(out, sent{m[1], m[2]})
		stream = stream[len(m[0]):]
	}
	return out, nil
}

// grammar is the order of a vendor's events, as a regular expression over words with a blank before each.
type grammar struct {
	words func(i int, e sent) (string, error) // "": the event may be anywhere
	order *regexp.Regexp
}

// check returns an error when a stream is not in the grammar's order.
func (g grammar) check(stream string) error {
	events, err := eventsOf(stream)
	if err != nil {
		return err
	}
	var b strings.Builder
	for i, e := range events {
		word, err := g.words(i, e)
		if err != nil {
			return fmt.Errorf("event %d, %q: %w", i, e, err)
		}
		if word != "" {
			b.WriteString(" " + word)
		}
	}
	if !g.order.MatchString(b.String()) {
		return fmt.Errorf("the events come in no documented order:%s", b.String())
	}
	return nil
}

// chatGrammar is OpenAI's chat completions stream of n choices. Each choice has an order of its own, and the chunks
// of one may stand between those of another.
func chatGrammar(n int, usage bool) grammar {
	of := func(word string) string { return fmt.Sprintf(`(?: %s\d+)`, word) }
	end := " done$"
	if usage {
		end = " usage done$"
	}
	return grammar{
		order: regexp.MustCompile(fmt.Sprintf("^%s{%d}(?:%s|%s|%s)*%s{%d}%s", of("role"), n, of("content"), of("call"), of("arguments"), of("finish"), n, end)),
		words: func(_ int, e sent) (string, error) {
			if e.name != "" {
				return "", fmt.Errorf("it has a name")
			}
			if e.data == "[DONE]" {
				return "done", nil
			}
			var c struct {
				Choices []struct {
					Index        int
					FinishReason *string `json:"finish_reason"`
					Delta        struct {
						Role      string
						Content   *string
						ToolCalls []struct{ ID string } `json:"tool_calls"`
					}
				}
				Usage *struct{}
			}
			if err := json.Unmarshal([]byte(e.data), &c); err != nil {
				return "", err
			}
			if len(c.Choices) == 0 {
				if c.Usage == nil {
					return "", fmt.Errorf("it has neither choices nor usage")
				}
				return "usage", nil
			}
			choice, word := c.Choices[0], ""
			switch d := choice.Delta; {
			case choice.FinishReason != nil:
				word = "finish"
			case d.Role != "":
				word = "role"
			case len(d.ToolCalls) > 0 && d.ToolCalls[0].ID != "":
				word = "call"
			case len(d.ToolCalls) > 0:
				word = "arguments"
			case d.Content != nil:
				word = "content"
			}
			return fmt.Sprintf("%s%d", word, choice.Index), nil
		},
	}
}

// responsesGrammar is the stream of OpenAI's Responses API: named events that are numbered.
func responsesGrammar() grammar {
	const (
		part    = ` content_part\.added( output_text\.delta)+ output_text\.done content_part\.done`
		summary = ` reasoning_summary_part\.added( reasoning_summary_text\.delta)+ reasoning_summary_text\.done reasoning_summary_part\.done`
		call    = `( function_call_arguments\.delta)+ function_call_arguments\.done`
		open    = `( message` + part + `| reasoning(` + summary + `)?| function_call` + call + `)`
	)
	return grammar{
		order: regexp.MustCompile(`^ created in_progress(` + open + ` output_item\.done)*( completed| incomplete|(` + open + `)? failed)$`),
		words: func(i int, e sent) (string, error) {
			var c struct {
				Type           string
				SequenceNumber int `json:"sequence_number"`
				Item           struct{ Type string }
			}
			if err := json.Unmarshal([]byte(e.data), &c); err != nil {
				return "", err
			}
			if c.Type != e.name || c.SequenceNumber != i {
				return "", fmt.Errorf("it is %s number %d", c.Type, c.SequenceNumber)
			}
			if e.name == "response.output_item.added" {
				return c.Item.Type, nil
			}
			return strings.TrimPrefix(e.name, "response."), nil
		},
	}
}

// messagesGrammar is Anthropic's stream: blocks one after the other, pings anywhere behind the first event.
func messagesGrammar() grammar {
	const blocks = `( text( text_delta)+ content_block_stop` +
		`| thinking( thinking_delta)+ signature_delta content_block_stop` +
		`| tool_use( input_json_delta)+ content_block_stop)*`
	block := -1
	return grammar{
		order: regexp.MustCompile(`^ message_start` + blocks + ` message_delta message_stop$`),
		words: func(i int, e sent) (string, error) {
			var c struct {
				Type         string
				Index        int
				ContentBlock struct{ Type string } `json:"content_block"`
				Delta        struct{ Type string }
			}
			if err := json.Unmarshal([]byte(e.data), &c); err != nil {
				return "", err
			}
			if c.Type != e.name {
				return "", fmt.Errorf("it is a %s", c.Type)
			}
			switch e.name {
			case "ping":
				if i == 0 {
					return "", fmt.Errorf("a ping begins the stream")
				}
				return "", nil
			case "content_block_start":
				block++
				if c.Index != block {
					return "", fmt.Errorf("block %d is numbered %d", block, c.Index)
				}
				return c.ContentBlock.Type, nil
			case "content_block_delta":
				if c.Index != block {
					return "", fmt.Errorf("block %d is numbered %d", block, c.Index)
				}
				return c.Delta.Type, nil
			}
			return e.name, nil
		},
	}
}
