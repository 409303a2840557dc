package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// sdksHead and what follows are the text around the tables of docs/sdks.md.
const (
	sdksHead = `# What the vendors' SDKs do with failures

These tables are written by the tests in ` + "`e2e/`" + `, which drive fake upstreams with openai-go and anthropic-sdk-go in virtual time.
Do not edit them: ` + "`cd e2e && go test ./... -update`" + `, and read the difference. An answer is written as in a drill
(` + "`gatedrill help drill`" + `).

## Retries

How often the SDK asks when every request gets the same answer, how long it waits in between, and what its caller gets.
` + "`≤500ms`" + ` is the SDK's own backoff, which is drawn at random; other pauses are those that the answer asked for.

`
	sdksStreams = `
## Streams

What the reader of a stream sees when the first answer suffers something and any later one is sound: how often the SDK
asked, the text that arrived, why the model stopped as far as the stream told, and the error at the end.

Two things to take from it. An SDK asks again only until it has the answer's header, never in the middle of a stream.
And a stream that ends in good order without its last event is **no error**: whoever reads one has to look for the
finish reason (` + "`[DONE]`, `response.completed`, `message_stop`" + `), because half an answer looks like a whole one.

`
)

// TestTablesAreInTheDocument keeps docs/sdks.md the same as the tables. It comes behind the tests that write them.
func TestTablesAreInTheDocument(t *testing.T) {
	table := func(name string) string {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		return string(text)
	}
	golden(t, filepath.Join("..", "..", "docs", "sdks.md"), sdksHead+table("retries.md")+sdksStreams+table("streams.md"))
}
