package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gatedrill/gatedrill/cmd/internal/config"
	"github.com/gatedrill/gatedrill/cmd/internal/providersapi"
	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
	"github.com/gatedrill/gatedrill/proxy"
)

// openTimeout bounds the opening of the database, migration included.
const openTimeout = time.Minute

// database is the backend of source: sqlite, a Mounter and an io.Closer.
type database struct {
	*sqlsource.DB
	path, token string
	log         *slog.Logger
}

func openDatabase(loaded *config.Loaded, log *slog.Logger) (*database, error) {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	path := loaded.File.SQLite.Path
	db, err := sqlsource.Open(ctx, sqlsource.Config{Path: path, Seal: []byte(loaded.Seal)})
	if err != nil {
		return nil, err
	}
	return &database{db, path, loaded.AdminToken, log}, nil
}

// Describe names the database.
func (d *database) Describe() string { return "database " + d.path }

// Mount returns the pages that edit providers; none without an admin token, since
// nobody would be kept from them.
func (d *database) Mount(server *proxy.Server, reload func(context.Context) error) ([]string, http.Handler) {
	if d.token == "" {
		return nil, nil
	}
	pages, err := providersapi.New(providersapi.Config{Store: d.DB, Server: server, Reload: reload, Token: d.token, Logger: d.log})
	if err != nil {
		panic(err) // nothing of what it wants is missing
	}
	return providersapi.Patterns(), pages
}
