package trace

import "fmt"

// ReloadBegan is a reload before it asks the source.
type ReloadBegan struct {
	Reload int // its number, from 1
}

func (ReloadBegan) Actor() Actor     { return Actor{RankGateway, ""} }
func (r ReloadBegan) String() string { return fmt.Sprintf("reload %d began", r.Reload) }

// Silent implements Silent.
func (ReloadBegan) Silent() bool { return true }

// ProviderLoaded is one row after a good reload.
type ProviderLoaded struct {
	Name   string
	Type   string
	Host   string   // of the base URL, lower case; "" where it has none
	Keys   []string // aliases, in order
	Status string   // enabled, disabled, error
	Reason string   // of an error
	URL    string   // the base URL, verbatim
	Off    bool     // the source's row is switched off
	Empty  bool     // the row has a list of keys, which is empty
	Reload int      // number of the reload, from 1
}

// Routes reports whether the row may be live: of a row that was not observed, nobody
// can say more than that it is not switched off.
func (p ProviderLoaded) Routes() bool {
	return p.Status == "enabled" || p.Status == Unobserved && !p.Off
}

func (ProviderLoaded) Actor() Actor { return Actor{RankGateway, ""} }
func (p ProviderLoaded) String() string {
	if p.Reason != "" {
		return fmt.Sprintf("%s %s: %s", p.Name, p.Status, p.Reason)
	}
	return p.Name + " " + p.Status
}

// Reloaded is a good reload that has no row to show, or none that anybody could
// observe.
type Reloaded struct {
	Rows   string // "no providers", or Unobserved
	Reload int    // its number, from 1
}

func (Reloaded) Actor() Actor     { return Actor{RankGateway, ""} }
func (r Reloaded) String() string { return "reloaded, " + r.Rows }

// ReloadFailed is a reload that returned an error.
type ReloadFailed struct {
	Err      string
	Snapshot string // "the same snapshot", "another snapshot", or Unobserved
	Excused  bool   // the source failed, or nobody waits for the reload any more
	Reload   int    // its number, from 1
}

func (ReloadFailed) Actor() Actor { return Actor{RankGateway, ""} }
func (r ReloadFailed) String() string {
	return fmt.Sprintf("reload failed: %s; live is %s", r.Err, r.Snapshot)
}
