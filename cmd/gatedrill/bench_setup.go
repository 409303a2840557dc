package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// benchSetupCmd is bench.MakeSetup.
type benchSetupCmd struct {
	Dir    string `arg:"" help:"The folder to write to, for --setup of reload and proxy."`
	Listen string `default:":9443" placeholder:"ADDR" help:"Where a run listens for the providers: :PORT for each of their addresses, or HOST:PORT; ${default} when you do not say."`
	Hosts  string `default:"${setuphosts}" placeholder:"PATTERN" help:"The providers' hosts, with {n} for 1 to 16; ${default} when you do not say. Names have to resolve, for the gateway, to where --listen is."`
}

// Run writes it down, and says what to configure and how to go on.
func (c *benchSetupCmd) Run(a *app) error {
	s, err := bench.MakeSetup(c.Dir, c.Listen, c.Hosts)
	if err != nil {
		return benchMisuse(err)
	}
	fmt.Fprintf(a.stdout, `The gateway has to trust %s in upstreams, to pass on the headers X-Bench-For and
X-Bench-Epoch and the query, and to have these providers:

`, s.Authority())
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tTYPE\tBASE URL\tKEY")
	for _, p := range s.Providers {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", p.Name, p.Type, p.BaseURL, p.Key)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	self := invocation()
	_, err = fmt.Fprintf(a.stdout, `
For gatedrill serve all of that is in a file:

  %[1]s serve --config %[2]s

Then, beside the gateway, by CONNECT and by base URL:

  %[1]s bench proxy --setup %[3]s --against-ca %[3]s/gateway/ca-cert.pem \
    --against 'proxy=http://bench:%[4]s@127.0.0.1:8080'
  %[1]s bench proxy --setup %[3]s \
    --against 'bearer=http://%[4]s@127.0.0.1:8081/api/v2/aibridge/{provider}'
  %[1]s bench proxy --setup %[3]s \
    --against 'x-api-key=http://%[4]s@127.0.0.1:8081/api/v2/aibridge/{provider}'
`, self, s.Config(), c.Dir, s.Token)
	return err
}
