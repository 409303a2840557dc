package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

func (d *Dir) run() {
	defer close(d.done)
	defer d.tick.Stop("record", "write")
	synced := d.cfg.Clock.Now("record", "sync")
	for open := true; open; {
		select {
		case _, open = <-d.wake:
		case <-d.tick.C:
		}
		d.drain()
		if now := d.cfg.Clock.Now("record", "sync"); now.Sub(synced) >= d.cfg.SyncEvery {
			synced = now
			d.sync()
		}
	}
	d.drain()
	if !d.stopped {
		d.finish(WhyStopped)
	}
}

// drain writes what has gathered.
func (d *Dir) drain() {
	d.mu.Lock()
	buf := d.buf
	d.buf = d.spare[:0]
	d.mu.Unlock()
	rest := buf
	for len(rest) > 0 && !d.stopped {
		n := fitting(rest, d.cfg.RotateBytes-d.size)
		if d.size > 0 && d.size+int64(n) > d.cfg.RotateBytes {
			d.rotate()
		}
		d.write(rest[:n])
		rest = rest[n:]
	}
	d.mu.Lock()
	d.spare = buf
	d.stats.Lost += uint64(bytes.Count(rest, newline))
	d.mu.Unlock()
}

var newline = []byte{'\n'}

// fitting is the length of the lines that fit into so many bytes, of one line at least.
func fitting(lines []byte, most int64) int {
	if int64(len(lines)) <= most {
		return len(lines)
	}
	if most > 0 {
		if whole := bytes.LastIndexByte(lines[:most], '\n') + 1; whole > 0 {
			return whole
		}
	}
	return bytes.IndexByte(lines, '\n') + 1
}

// write appends whole lines, or stops the recording.
func (d *Dir) write(lines []byte) {
	if d.stopped {
		return
	}
	if d.began == nil {
		d.began = bytes.Clone(lines[:bytes.IndexByte(lines, '\n')+1])
	}
	n, err := d.file.Write(lines)
	if err != nil {
		whole := bytes.LastIndexByte(lines[:n], '\n') + 1
		_ = d.file.Truncate(d.size + int64(whole)) // or the next start does it
		d.mu.Lock()
		d.stats.Lost += uint64(bytes.Count(lines[whole:], newline))
		d.mu.Unlock()
		d.fail(err)
		return
	}
	d.size += int64(n)
	d.dirty = true
	last := lines[bytes.LastIndexByte(lines[:n-1], '\n')+1:]
	d.lastN, d.lastAt = head(last)
	d.mu.Lock()
	d.stats.Bytes += uint64(n)
	d.mu.Unlock()
}

// head reads the number and the instant of a line.
func head(line []byte) (n, at int64) {
	var h struct{ N, At int64 }
	_ = json.Unmarshal(line, &h)
	return h.N, h.At
}

func (d *Dir) sync() {
	if !d.dirty || d.stopped {
		return
	}
	d.dirty = false
	if err := d.file.Sync(); err != nil {
		d.fail(err)
	}
}

// begin opens the next part.
func (d *Dir) begin() (err error) {
	d.part++
	d.size = 0
	d.file, err = d.cfg.Create(partPath(d.cfg.Path, d.part))
	return err
}

// rotate ends a part and begins the next with the run's first line again.
func (d *Dir) rotate() {
	d.finish(WhyRotated)
	if d.stopped {
		return
	}
	if err := d.begin(); err != nil {
		d.fail(err)
		return
	}
	var f Fact
	if json.Unmarshal(d.began, &f) != nil {
		return // not a recording of ours: no first line to repeat
	}
	f.N, f.At, f.Goes, f.Part = d.lastN, d.lastAt, true, d.part
	d.write(f.line())
}

// line is the fact with the number and the instant that it has.
func (f *Fact) line() []byte {
	return append(f.appendTail(appendHead(nil, f.N, f.At)), '\n')
}

// finish ends a part. Its last line has the number of the one before: it is of the file,
// and not of the run.
func (d *Dir) finish(why string) {
	stop := Fact{N: d.lastN, At: d.lastAt, Kind: KindStop, Why: why}
	d.write(stop.line())
	if d.stopped {
		return
	}
	if err := errors.Join(d.file.Sync(), d.file.Close()); err != nil {
		d.fail(err)
	}
}

// fail stops the recording, and never the traffic.
func (d *Dir) fail(err error) {
	d.stopped = true
	_ = d.file.Close()
	d.mu.Lock()
	d.stats.Stopped = true
	d.stats.Lost += uint64(bytes.Count(d.buf, newline))
	d.buf = nil
	d.mu.Unlock()
	if d.cfg.OnStop != nil {
		d.cfg.OnStop(fmt.Errorf("record: the recording stops: %w", err))
	}
}
