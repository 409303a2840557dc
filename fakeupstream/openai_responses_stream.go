package fakeupstream

import "iter"

// openaiResponseEvent is one event of a streamed response; each kind has some of the fields.
type openaiResponseEvent struct {
	Type           string          `json:"type"`
	SequenceNumber int             `json:"sequence_number"`
	Response       *openaiResponse `json:"response,omitempty"`
	ItemID         string          `json:"item_id,omitempty"`
	OutputIndex    *int            `json:"output_index,omitempty"`
	ContentIndex   *int            `json:"content_index,omitempty"`
	SummaryIndex   *int            `json:"summary_index,omitempty"`
	Item           *openaiOutput   `json:"item,omitempty"`
	Part           any             `json:"part,omitempty"`
	Delta          string          `json:"delta,omitempty"`
	Text           *string         `json:"text,omitempty"`
	Arguments      *string         `json:"arguments,omitempty"`
	Logprobs       *[]string       `json:"logprobs,omitempty"`
}

// openaiResponseStream numbers the events of a streamed response.
type openaiResponseStream struct {
	x        *exchange
	yield    func(event) bool
	sequence int
	content  int
}

// send sends one event, and returns false when nobody wants another.
func (s *openaiResponseStream) send(e openaiResponseEvent, content int) bool {
	e.SequenceNumber = s.sequence
	s.sequence++
	return s.yield(event{bytes: sse(e.Type, marshal(e)), content: content})
}

// openaiResponseEvents streams a response: named events with a rising sequence number, and no [DONE]. Between its
// opening and its end each item is added, filled and done, one after the other.
func openaiResponseEvents(x *exchange) iter.Seq[event] {
	t := turnOf(x, openaiModel, 1)
	started, over := openaiResponseOf(x, t, false), openaiResponseOf(x, t, true)
	return func(yield func(event) bool) {
		s := &openaiResponseStream{x: x, yield: yield}
		opened := s.send(openaiResponseEvent{Type: "response.created", Response: &started}, 0) &&
			s.send(openaiResponseEvent{Type: "response.in_progress", Response: &started}, 0)
		if !opened {
			return
		}
		for i, b := range t.choices[0] {
			begun, done := openaiOutputOf(x, b, false), openaiOutputOf(x, b, true)
			if i < len(over.Output) {
				done = over.Output[i]
			}
			if !s.send(openaiResponseEvent{Type: "response.output_item.added", OutputIndex: &i, Item: &begun}, 0) ||
				!s.fill(b, openaiResponseEvent{ItemID: begun.ID, OutputIndex: &i}) {
				return
			}
			if t.finish == FinishFailed && i == len(t.choices[0])-1 {
				break // it fails in the middle of its last item
			}
			if !s.send(openaiResponseEvent{Type: "response.output_item.done", OutputIndex: &i, Item: &done}, 0) {
				return
			}
		}
		s.send(openaiResponseEvent{Type: "response." + over.Status, Response: &over}, 0)
	}
}

// fill sends what is inside an item. in has the fields that all of these events share.
func (s *openaiResponseStream) fill(b block, in openaiResponseEvent) bool {
	zero, text, blank := 0, b.whole(), ""
	named := func(name string) openaiResponseEvent {
		e := in
		e.Type = name
		return e
	}
	switch b.kind {
	case blockTool:
		done := named("response.function_call_arguments.done")
		done.Arguments = &text
		return s.deltas(b, named("response.function_call_arguments.delta")) && s.send(done, 0)
	case blockThinking:
		if !s.x.summarizes() {
			return true
		}
		in.SummaryIndex = &zero
		added, done, partDone := named("response.reasoning_summary_part.added"), named("response.reasoning_summary_text.done"), named("response.reasoning_summary_part.done")
		added.Part, done.Text, partDone.Part = openaiSummary{"summary_text", blank}, &text, openaiSummary{"summary_text", text}
		return s.send(added, 0) && s.deltas(b, named("response.reasoning_summary_text.delta")) && s.send(done, 0) && s.send(partDone, 0)
	default:
		in.ContentIndex = &zero
		none := []string{}
		added, deltas := named("response.content_part.added"), named("response.output_text.delta")
		done, partDone := named("response.output_text.done"), named("response.content_part.done")
		added.Part, partDone.Part = openaiPartOf(blank), openaiPartOf(text)
		deltas.Logprobs, done.Logprobs, done.Text = &none, &none, &text
		return s.send(added, 0) && s.deltas(b, deltas) && s.send(done, 0) && s.send(partDone, 0)
	}
}

// deltas sends the parts of a block, each a content event like e.
func (s *openaiResponseStream) deltas(b block, e openaiResponseEvent) bool {
	for _, part := range b.parts {
		s.content++
		e.Delta = part
		if !s.send(e, s.content) {
			return false
		}
	}
	return true
}
