package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// conversation is what is asked of a model, in no vendor's words, and how the fake is told to answer.
type conversation struct {
	texts   []string // the user's and the assistant's in turns
	tools   []tool
	choice  string // "", "none", "any" or a tool's name
	thinks  bool
	summary bool // OpenAI's Responses API: show what was thought
	n       int  // choices, where there are any
	usage   bool // in the stream, where that is a choice
	answer  string
	failed  bool
}

type tool struct {
	name       string
	properties map[string]any
	required   []string
}

func (t tool) schema() map[string]any {
	return map[string]any{"type": "object", "properties": t.properties, "required": t.required}
}

func genConversation() *rapid.Generator[conversation] {
	return rapid.Custom(func(t *rapid.T) conversation {
		c := conversation{
			texts:   rapid.SliceOfN(rapid.StringN(1, 20, -1), 1, 3).Draw(t, "texts"),
			thinks:  rapid.Bool().Draw(t, "thinks"),
			summary: rapid.Bool().Draw(t, "summary"),
			n:       rapid.IntRange(1, 3).Draw(t, "n"),
			usage:   rapid.Bool().Draw(t, "usage"),
		}
		if len(c.texts)%2 == 0 {
			c.texts = c.texts[:len(c.texts)-1] // the user has the last word
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "tools") {
			c.tools = append(c.tools, genTool(fmt.Sprintf("tool_%d", i)).Draw(t, "tool"))
		}
		if len(c.tools) > 0 {
			c.choice = rapid.SampledFrom([]string{"", "none", "any", c.tools[len(c.tools)-1].name}).Draw(t, "choice")
		}
		c.answer = "200" + genSay(t, &c)
		if rapid.Bool().Draw(t, "strict") {
			c.answer += " strict" // what the SDKs send is nothing that a vendor would refuse
		}
		return c
	})
}

func genTool(name string) *rapid.Generator[tool] {
	return rapid.Custom(func(t *rapid.T) tool {
		out := tool{name: name, properties: map[string]any{}, required: []string{}}
		kinds := []map[string]any{
			{"type": "string"}, {"type": "integer"}, {"type": "boolean"}, {"type": "array", "items": map[string]any{"type": "number"}},
			{"type": "string", "enum": []string{"celsius", "fahrenheit"}},
			{"type": "object", "properties": map[string]any{"inner": map[string]any{"type": "string"}}},
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "properties") {
			name := fmt.Sprintf("p%d", i)
			out.properties[name] = rapid.SampledFrom(kinds).Draw(t, "kind")
			if rapid.Bool().Draw(t, "required") {
				out.required = append(out.required, name)
			}
		}
		return out
	})
}

// genSay draws words that say what the model says.
func genSay(t *rapid.T, c *conversation) string {
	var words []string
	add := func(format string, args ...any) { words = append(words, " "+fmt.Sprintf(format, args...)) }
	if rapid.Bool().Draw(t, "says a text") {
		add("text=%q", rapid.StringN(1, 40, -1).Draw(t, "text"))
	}
	if rapid.IntRange(0, 3).Draw(t, "thinks something") == 0 {
		add("thinking=%q", rapid.SampledFrom([]string{"", "Let me see.", "h m"}).Draw(t, "thought"))
	}
	if rapid.IntRange(0, 3).Draw(t, "calls something") == 0 {
		add("tools=%s", rapid.SampledFrom([]string{"none", "tool_0", "other,tool_1"}).Draw(t, "calls"))
	}
	if rapid.Bool().Draw(t, "counts") {
		add("tokens=%d/%d cached=%d", rapid.IntRange(50, 99).Draw(t, "in"), rapid.IntRange(0, 9).Draw(t, "out"), rapid.IntRange(1, 50).Draw(t, "cached"))
	}
	if rapid.IntRange(0, 3).Draw(t, "finishes otherwise") == 0 {
		finish := rapid.SampledFrom([]string{"stop", "length", "tools", "filter", "failed"}).Draw(t, "finish")
		c.failed = finish == "failed"
		add("finish=%s", finish)
	}
	return strings.Join(words, "")
}

// fits tells whether arguments are JSON that has a tool's required members and no others than its own.
func (t tool) fits(arguments string) bool {
	var members map[string]any
	if json.Unmarshal([]byte(arguments), &members) != nil {
		return false
	}
	for _, name := range t.required {
		if _, ok := members[name]; !ok {
			return false
		}
	}
	for name := range members {
		if _, ok := t.properties[name]; !ok {
			return false
		}
	}
	return true
}

// fitsOne tells whether arguments suit the tool of a name; a tool that was not offered takes none.
func (c conversation) fitsOne(name, arguments string) bool {
	i := slices.IndexFunc(c.tools, func(t tool) bool { return t.name == name })
	if i < 0 {
		return arguments == "{}"
	}
	return c.tools[i].fits(arguments)
}
