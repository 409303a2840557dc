package main

import (
	"log/slog"

	"github.com/gatedrill/gatedrill/cmd/internal/config"
	"github.com/gatedrill/gatedrill/cmd/internal/daemon"
	"github.com/gatedrill/gatedrill/cmd/internal/filesource"
)

// openBackend opens what the configuration names as the source of providers.
func openBackend(loaded *config.Loaded, options config.Options, log *slog.Logger) (daemon.Backend, error) {
	switch loaded.File.Source {
	case "sqlite":
		return openDatabase(loaded, log)
	default:
		return filesource.New(filesource.Config{Loaded: loaded, Options: options, Logger: log}), nil
	}
}
