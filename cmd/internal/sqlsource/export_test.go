package sqlsource

import "context"

// OpenPast opens a file with the first migrations only, as an older gatedrill made it.
func OpenPast(ctx context.Context, cfg Config, version int) (*DB, error) {
	return open(ctx, cfg, migrations[:version])
}
