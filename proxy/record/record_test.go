package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// memory is a sink that keeps everything.
type memory struct {
	mu sync.Mutex
	bytes.Buffer
}

func (m *memory) Append(line []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Write(line)
}

func stop(n int) string {
	return fmt.Sprintf("{\"n\":%d,\"at\":0,\"fact\":\"stop\",\"why\":\"stopped\"}\n", n)
}

type upstream func(*http.Request) (*http.Response, error)

func (u upstream) RoundTrip(r *http.Request) (*http.Response, error) { return u(r) }

func answer(status int, body io.Reader, header http.Header) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(body), ContentLength: -1}
}

// broken is a body that ends with an error.
type broken struct {
	text string
	err  error
}

func (b *broken) Read(p []byte) (int, error) {
	if b.text == "" {
		return 0, b.err
	}
	n := copy(p, b.text)
	b.text = b.text[n:]
	return n, nil
}

// exchange sends one request with a key through a recorded transport, and reads its answer.
func exchange(t *testing.T, r *record.Recorder, key, body string, u upstream) {
	t.Helper()
	req, err := http.NewRequestWithContext(record.WithRequest(t.Context(), "id-1"), "POST", "https://alpha.invalid/v1/x?key=hidden", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := r.Transport("alpha", u).RoundTrip(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

// Failures are recorded as exactly as successes, and every line reads back as it was.
func TestAnExchangeIsRecorded(t *testing.T) {
	for _, tt := range []struct {
		name string
		u    upstream
		how  string
		then func(t *testing.T, f record.Fact)
	}{
		{"whole", func(r *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			return answer(200, strings.NewReader("hello"), http.Header{}), nil
		}, record.HowWhole, func(t *testing.T, f record.Fact) {
			assert.Equal(t, int64(5), f.Bytes)
			assert.Equal(t, int64(4), f.Sent)
		}},
		{"limited", func(*http.Request) (*http.Response, error) {
			return answer(429, strings.NewReader(`{"error":{"code":"insufficient_quota","type":"requests"}}`), http.Header{"Retry-After": {"5"}}), nil
		}, record.HowWhole, func(t *testing.T, f record.Fact) {
			assert.Equal(t, []string{"insufficient_quota", "requests"}, f.Codes)
		}},
		{"truncated", func(*http.Request) (*http.Response, error) {
			return answer(200, &broken{"he", io.ErrUnexpectedEOF}, nil), nil
		}, record.HowTruncated, func(t *testing.T, f record.Fact) { assert.Equal(t, int64(2), f.Bytes) }},
		{"reset", func(*http.Request) (*http.Response, error) {
			return answer(200, &broken{"hel", syscall.ECONNRESET}, nil), nil
		}, record.HowReset, func(t *testing.T, f record.Fact) { assert.Equal(t, int64(3), f.Bytes) }},
		{"refused", func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }, record.HowRefused, nil},
		{"failed", func(*http.Request) (*http.Response, error) { return nil, errors.New("odd: canary-secret-1") }, record.HowFailed,
			func(t *testing.T, f record.Fact) { assert.Equal(t, "odd: [alpha-1]", f.Error) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sink := &memory{}
			r := record.New(record.Config{Sink: sink})
			require.Equal(t, "alpha-1", r.Learn("alpha", 1, "canary-secret-1"))
			exchange(t, r, "canary-secret-1", "body", tt.u)
			assert.NotContains(t, sink.String(), "canary")
			assert.NotContains(t, sink.String(), "hidden")
			rec, err := record.Read("x", strings.NewReader(sink.String()+stop(9)))
			require.NoError(t, err)
			facts := rec.Runs[0].Facts
			assert.Equal(t, record.KindAttempt, facts[0].Kind)
			assert.Equal(t, "alpha-1", facts[0].Key)
			last := facts[len(facts)-1]
			assert.Equal(t, record.KindEnd, last.Kind)
			assert.Equal(t, tt.how, last.How)
			if tt.then != nil {
				tt.then(t, last)
			}
		})
	}
}

// Bodies are off, hashed, or kept after the rules.
func TestBodies(t *testing.T) {
	echo := upstream(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return answer(200, strings.NewReader(`{"say":"sk-abcdefghijklmnop to ann@example.invalid"}`), nil), nil
	})
	for mode, want := range map[record.Bodies]string{
		record.BodiesOff: "", record.BodiesHash: "", record.BodiesKeep: `{"say":"[redacted] to [redacted]"}`,
	} {
		sink := &memory{}
		r := record.New(record.Config{Sink: sink, Bodies: mode, Rules: []record.Rule{{Pattern: regexp.MustCompile(`\S+@\S+\.invalid`)}}})
		exchange(t, r, "k", "x", echo)
		rec, err := record.Read("x", strings.NewReader(sink.String()+stop(9)))
		require.NoError(t, err)
		end := rec.Runs[0].Facts[len(rec.Runs[0].Facts)-1]
		assert.Equal(t, want, end.Body, mode)
		assert.Equal(t, mode != record.BodiesOff, len(end.SHA256) == 64 && len(end.SentSHA256) == 64, mode)
		assert.NotContains(t, sink.String(), "abcdefgh")
	}
}

// An alias is a key's for good, whatever is put in front of it.
func TestAliases(t *testing.T) {
	r := record.New(record.Config{Sink: &memory{}})
	for _, tt := range []struct {
		provider string
		position int
		secret   string
		want     string
	}{
		{"alpha", 1, "a", "alpha-1"}, {"alpha", 1, "b", "alpha-2"}, {"alpha", 2, "a", "alpha-1"},
		{"Älpha 2", 1, "c", "lpha-2-1"}, {"9", 3, "d", "key-3"}, {"beta", 1, "a", "alpha-1"},
	} {
		assert.Equal(t, tt.want, r.Learn(tt.provider, tt.position, tt.secret), tt)
	}
	assert.Equal(t, "none own alpha-2", r.Alias("")+" "+r.Alias("x")+" "+r.Alias("b"))
}

// Files are rotated, and read back as one run; a process that dies loses no complete
// line, and the next one goes on.
func TestFilesGoOn(t *testing.T) {
	dir := t.TempDir()
	open := func() (*record.Dir, *record.Recorder) {
		d, err := record.Open(record.DirConfig{Path: dir, RotateBytes: 1000})
		require.NoError(t, err)
		return d, record.New(record.Config{Sink: d})
	}
	d, r := open()
	for i := range 50 {
		r.Record(&record.Fact{Kind: record.KindDone, ID: fmt.Sprint("r", i), Status: 200})
	}
	require.NoError(t, d.Close())
	r.Record(&record.Fact{Kind: record.KindDone, ID: "late"})
	assert.Equal(t, uint64(1), d.Stats().Lost)
	names, _ := filepath.Glob(dir + "/*.ndjson")
	require.Greater(t, len(names), 3)
	for _, name := range names {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.LessOrEqual(t, info.Size(), int64(1100))
	}
	rec, err := record.ReadPath(dir)
	require.NoError(t, err)
	require.Len(t, rec.Runs, 1)
	assert.Len(t, rec.Runs[0].Facts, 50)
	assert.Equal(t, record.WhyStopped, rec.Runs[0].End)

	// The process dies in the middle of a line.
	last := names[len(names)-1]
	text, err := os.ReadFile(last)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(last, text[:bytes.LastIndex(text[:len(text)-1], []byte("\n"))-3], 0o600))
	d, _ = open()
	require.NoError(t, d.Close())
	rec, err = record.ReadPath(dir)
	require.NoError(t, err)
	require.Len(t, rec.Runs, 2)
	assert.Equal(t, record.WhyInterrupted, rec.Runs[0].End)
	assert.Len(t, rec.Runs[0].Facts, 49)
}

// full is a disk with so many bytes left.
type full struct {
	record.File
	left int
}

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		n, _ := f.File.Write(p[:f.left])
		f.left = 0
		return n, syscall.ENOSPC
	}
	f.left -= len(p)
	return f.File.Write(p)
}

// A full disk stops the recording, once and with a reason, and leaves whole lines.
func TestAFullDiskStopsTheRecording(t *testing.T) {
	dir := t.TempDir()
	stopped := make(chan error, 2)
	d, err := record.Open(record.DirConfig{Path: dir, OnStop: func(err error) { stopped <- err },
		Create: func(path string) (record.File, error) {
			f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
			return &full{f, 300}, err
		}})
	require.NoError(t, err)
	r := record.New(record.Config{Sink: d})
	for range 20 {
		r.Record(&record.Fact{Kind: record.KindDone, ID: "r", Status: 200})
	}
	require.ErrorIs(t, <-stopped, syscall.ENOSPC)
	r.Record(&record.Fact{Kind: record.KindDone, ID: "r", Status: 200}) // does not wait
	require.NoError(t, d.Close())
	assert.True(t, d.Stats().Stopped)
	assert.NotZero(t, d.Stats().Lost)
	assert.Empty(t, stopped)
	rec, err := record.ReadPath(dir)
	assert.ErrorContains(t, err, "not whole")
	require.Len(t, rec.Runs, 1)
	assert.NotEmpty(t, rec.Runs[0].Facts)
}
