package main

import (
	"cmp"
	"errors"
	"log/slog"
	"regexp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatedrill/gatedrill/cmd/internal/config"
	"github.com/gatedrill/gatedrill/proxy"
	facts "github.com/gatedrill/gatedrill/proxy/record"
)

// recordWish is what the flags of serve say about one.
type recordWish struct {
	dir, bodies string
	redact      []string
}

// begin makes a recorder for the gateway, and its metrics. The function that it returns
// ends the recording; it is called when the gateway has stopped.
func (c recordWish) begin(settings *proxy.Config, loaded *config.Loaded, log *slog.Logger) (end func() error, err error) {
	if c.dir == "" {
		return func() error { return nil }, nil
	}
	rules, err := c.rules()
	if err != nil {
		return nil, err
	}
	dir, err := facts.Open(facts.DirConfig{Path: c.dir, OnStop: func(err error) {
		log.Warn("the recording has stopped; the gateway goes on", "dir", c.dir, "error", err)
	}})
	if err != nil {
		return nil, &exit{exitBroken, err}
	}
	if settings.Registry == nil {
		settings.Registry = prometheus.NewRegistry()
	}
	if err := registerRecording(settings.Registry, dir); err != nil {
		return nil, &exit{exitBroken, errors.Join(err, dir.Close())}
	}
	bodies := facts.Bodies(c.bodies)
	if c.bodies == "off" {
		bodies = facts.BodiesOff
	}
	settings.Recorder = facts.New(facts.Config{Sink: dir, Bodies: bodies, Rules: rules, Settings: recordedSettings(settings, loaded)})
	log.Info("recording", "dir", c.dir, "bodies", c.bodies)
	return dir.Close, nil
}

// rules reports every pattern that does not compile.
func (c recordWish) rules() (list []facts.Rule, err error) {
	var faults []error
	for _, text := range c.redact {
		pattern, err := regexp.Compile(text)
		if err != nil {
			faults = append(faults, misuse("--redact: %w", err))
			continue
		}
		list = append(list, facts.Rule{Pattern: pattern})
	}
	if err := errors.Join(faults...); err != nil {
		return nil, &exit{exitMisuse, err}
	}
	return list, nil
}

// recordedSettings are what a drill needs to know of the gateway.
func recordedSettings(settings *proxy.Config, loaded *config.Loaded) map[string]string {
	f := loaded.File
	said := map[string]string{"strategy": settings.Strategy.String()}
	for name, value := range map[string]string{"byok": f.BYOK, "tunnel": f.Tunnel, "prefix": f.Bridge.Prefix} {
		if value != "" {
			said[name] = value
		}
	}
	switch {
	case settings.Auth == proxy.AuthAny:
		said["auth"] = "any"
	case len(settings.Tokens) == 0:
		said["auth"] = "none"
	}
	if len(f.Policy.Status)+len(f.Policy.Codes) == 0 { // a policy of the file's own has no word
		said["policy"] = cmp.Or(f.Policy.Preset, "recovering")
	}
	return said
}

// registerRecording puts the recording's counts among the gateway's metrics.
func registerRecording(registry *prometheus.Registry, dir *facts.Dir) error {
	counter := func(name, help string, value func(facts.Stats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help},
			func() float64 { return float64(value(dir.Stats())) })
	}
	return errors.Join(
		registry.Register(counter("gatedrill_recording_lines_total", "Lines that the recording was given.",
			func(s facts.Stats) uint64 { return s.Lines })),
		registry.Register(counter("gatedrill_recording_lost_lines_total", "Lines that could not be written: the disk was too slow, or the recording had stopped.",
			func(s facts.Stats) uint64 { return s.Lost })),
		registry.Register(counter("gatedrill_recording_bytes_total", "Bytes of the recording that were written.",
			func(s facts.Stats) uint64 { return s.Bytes })),
		registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gatedrill_recording_stopped",
			Help: "1 when the recording has stopped because the disk is full or broken."}, func() float64 {
			if dir.Stats().Stopped {
				return 1
			}
			return 0
		})))
}
