package recording_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
)

const schemaFile = "../../docs/recording.schema.json"

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	require.NoError(t, err)
	return s
}

// everyFact has something of each kind.
const everyFact = `gateway base-url=on
upstream alpha.invalid
  key k0: 401, then 200 stream events=3 every=20ms, then 200 stream events=4 truncate after=event:2
  key k1: 200, then 429 retry-after=2, then 200 times=2, then 200 reset after=byte:1
  key own: 200
upstream raw.invalid
  key any: 200
provider alpha openai https://alpha.invalid/v1 keys k0 k1
provider bad openai "://nothing" keys k0
reload
source fails "down"
reload
source heals
connect t1 alpha.invalid:443
send t1 POST /v1/chat/completions
heal alpha k0
send t1 POST /v1/chat/completions body=64KiB
send t1 POST /v1/chat/completions
send t1 POST /v1/chat/completions
request POST https://alpha.invalid/v1/chat/completions key=own
request GET https://raw.invalid/v1/models
request GET https://alpha.invalid/v1/models token=none
request GET http://gateway.invalid/api/v2/aibridge/alpha/v1/models via=base-url
close t1
`

// Whatever is written is as the schema says.
func TestLinesAreAsTheSchemaSays(t *testing.T) {
	s := schema(t)
	_, text := recordedText(t, everyFact, 1)
	texts := map[string]string{"a world": text}
	for _, path := range []string{"../../examples/incident/incident.ndjson", "testdata/sdks.ndjson"} {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		texts[path] = string(b)
	}
	for name, text := range texts {
		for line := range strings.Lines(text) {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			require.NoError(t, err, line)
			assert.NoError(t, s.Validate(value), "%s: %s", name, line)
		}
	}
	for _, kind := range kinds(t, s) {
		assert.Contains(t, text, `"fact":"`+kind+`"`, "the drill above has none")
	}
}

// What is no line of a recording is refused.
func TestTheSchemaRefuses(t *testing.T) {
	s := schema(t)
	for _, line := range []string{
		`{}`, `[]`, `{"n":1,"at":0}`, `{"n":1,"at":0,"fact":"other"}`, `{"n":1,"at":-1,"fact":"stop","why":"stopped"}`,
		`{"n":1,"at":0,"fact":"recording","version":2,"began":"2026-01-01T00:00:00Z"}`, `{"n":1,"at":0,"fact":"request","id":"a","method":"GET"}`,
		`{"n":1,"at":0,"fact":"answer","id":"a","try":1}`, `{"n":1,"at":0,"fact":"chunks","id":"a","try":1,"chunks":[[1]]}`,
		`{"n":1,"at":0,"fact":"end","id":"a","try":1,"how":"somehow"}`, `{"n":1,"at":0,"fact":"reload","providers":[{"name":"alpha"}]}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		require.NoError(t, err, line)
		assert.Error(t, s.Validate(value), line)
	}
}

// The schema has each field that a line can have, and no other.
func TestTheSchemaHasEveryField(t *testing.T) {
	s := schema(t)
	assert.ElementsMatch(t, fields(reflect.TypeFor[record.Fact]()), names(s.Properties))
	rows := s.Properties["providers"].Items2020
	assert.ElementsMatch(t, fields(reflect.TypeFor[record.Provider]()), names(rows.Properties))
}

func fields(t reflect.Type) (list []string) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		list = append(list, name)
	}
	return list
}

func names(properties map[string]*jsonschema.Schema) (list []string) {
	for name := range properties {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func kinds(t *testing.T, s *jsonschema.Schema) (list []string) {
	t.Helper()
	require.NotNil(t, s.Properties["fact"].Enum)
	for _, v := range s.Properties["fact"].Enum.Values {
		list = append(list, v.(string))
	}
	return list
}
