package fakeupstream

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
)

// openaiEmbeddings is the answer of POST /v1/embeddings.
type openaiEmbeddings struct {
	Object string            `json:"object"`
	Data   []openaiEmbedding `json:"data"`
	Model  string            `json:"model"`
	Usage  struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	} `json:"usage"`
}

type openaiEmbedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // []float32, or base64 of the same as little-endian bytes
}

const openaiEmbeddingModel = "text-embedding-3-small"

// maxDimensions bounds a vector, which is as long as the vendor's longest.
const maxDimensions = 3072

// openaiEmbeddingsOf returns one vector for each text of the request's input.
func openaiEmbeddingsOf(x *exchange) openaiEmbeddings {
	t := turnOf(x, openaiEmbeddingModel, 1)
	out := openaiEmbeddings{Object: "list", Model: t.model}
	for i, text := range openaiInputs(x.asked.Input) {
		vector := embedding(x.seed, t.model, text, dimensions(x.asked))
		e := openaiEmbedding{Object: "embedding", Index: i, Embedding: vector}
		if x.asked.EncodingFormat == "base64" {
			e.Embedding = base64Floats(vector)
		}
		out.Data = append(out.Data, e)
	}
	out.Usage.PromptTokens, out.Usage.TotalTokens = t.in, t.in
	return out
}

// dimensions returns how long vectors are: as asked, or as long as the model's are.
func dimensions(a *asked) int {
	switch {
	case a.Dimensions > 0:
		return min(a.Dimensions, maxDimensions)
	case strings.HasSuffix(a.Model, "-large"):
		return maxDimensions
	default:
		return 1536
	}
}

// openaiInputs returns the texts of an input as they are written: a list of texts, or of token lists, has several; a
// text or a list of token numbers is one.
func openaiInputs(input json.RawMessage) []string {
	var list []json.RawMessage
	if json.Unmarshal(input, &list) != nil || len(list) == 0 {
		return []string{string(input)}
	}
	if first := list[0][0]; first != '"' && first != '[' {
		return []string{string(input)}
	}
	var out []string
	for _, text := range list {
		out = append(out, string(text))
	}
	return out
}

// embedding returns a vector of length 1 that depends on the seed, the model and the text, and not on when it is
// asked for: the same text has the same vector, as at the vendor.
func embedding(seed uint64, model, text string, n int) []float32 {
	in := binary.BigEndian.AppendUint64(nil, seed)
	in = append(in, model...)
	in = append(in, 0)
	in = append(in, text...)
	state := sha256.Sum256(in)
	var numbers []byte
	for i := uint64(0); len(numbers) < 2*n; i++ {
		block := sha256.Sum256(binary.BigEndian.AppendUint64(state[:], i))
		numbers = append(numbers, block[:]...)
	}
	raw, sum := make([]float64, n), 0.0
	for i := range raw {
		raw[i] = float64(binary.BigEndian.Uint16(numbers[2*i:])) - 32767.5 // never 0, so that the sum is not either
		sum += raw[i] * raw[i]
	}
	out := make([]float32, n)
	for i := range raw {
		out[i] = float32(raw[i] / math.Sqrt(sum))
	}
	return out
}

func base64Floats(vector []float32) string {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, vector) // a buffer takes everything
	return base64.StdEncoding.EncodeToString(b.Bytes())
}
