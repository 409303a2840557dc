package proxy

import "context"

// Provider is one row of the configuration: an upstream and the keys for it.
type Provider struct {
	// Name identifies the provider, in the bridge's path and in metrics.
	Name string
	// Type is whose wire format the upstream speaks: "openai", "anthropic", "copilot".
	Type string
	// BaseURL is the upstream, http or https; its path is put in front of requests'.
	BaseURL string
	// Keys are the upstream's API keys in order of preference. Nil: clients bring
	// their own. Empty and not nil is a mistake.
	Keys []string
	// Disabled takes the row out of service; its keys keep their states.
	Disabled bool
}

// Source is where providers come from. Reloads are serialised, so a Source is never
// called twice at the same time by one Server; it should return when ctx ends. The
// order of rows matters: of two rows with one host, or one name, the first wins.
type Source interface {
	Providers(ctx context.Context) ([]Provider, error)
}

// SourceFunc is a function as a Source.
type SourceFunc func(ctx context.Context) ([]Provider, error)

// Providers calls f.
func (f SourceFunc) Providers(ctx context.Context) ([]Provider, error) { return f(ctx) }

// Static is a Source that never changes.
type Static []Provider

// Providers returns the rows.
func (s Static) Providers(context.Context) ([]Provider, error) { return s, nil }

// Status is what a snapshot made of a row.
type Status string

// The statuses. A row in error is excluded and its neighbours route.
const (
	StatusEnabled  Status = "enabled"
	StatusDisabled Status = "disabled"
	StatusError    Status = "error"
)

// ProviderStatus is one row of a snapshot.
type ProviderStatus struct {
	Name    string
	Type    string
	BaseURL string
	Status  Status
	// Reason says what is wrong with a row in error, else it is empty.
	Reason string
}
