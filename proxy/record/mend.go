package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// parts are the numbers of a folder's files, in order.
func parts(dir string) ([]int, error) {
	names, err := filepath.Glob(filepath.Join(dir, "recording-*.ndjson"))
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	var list []int
	for _, name := range names {
		text := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "recording-"), ".ndjson")
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

func lastPart(dir string) (int, error) {
	list, err := parts(dir)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[len(list)-1], nil
}

// mend gives an end to a file whose process died: what follows its last newline is
// taken off, and a line says so.
func mend(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	stop := Fact{Kind: KindStop, Why: WhyInterrupted}
	if len(whole) > 0 {
		last := whole[bytes.LastIndexByte(whole[:len(whole)-1], '\n')+1:]
		if bytes.Contains(last, []byte(`"fact":"stop"`)) && len(whole) == len(text) {
			return nil
		}
		stop.N, stop.At = head(last)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	_, err = f.WriteAt(stop.line(), int64(len(whole)))
	err = errors.Join(err, f.Truncate(int64(len(whole)+len(stop.line()))), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}
