package scenarios

import "slices"

// Row is a rule for gateways that are built on goproxy: each is something that
// goproxy leaves to its users or gets wrong, so each has a proof on our side and,
// where goproxy does otherwise, one on its own. docs/rows.md is the table of
// them, as gatedrill rows writes it.
type Row struct {
	Number int
	Must   string   // what a gateway must do
	Stock  string   // what goproxy's own ConnectMitm does; "": nothing to compare
	Drills []string // of the library, which show it on any gateway
	Tests  []string // of the reference gateway, as package.Test
	Shown  []string // tests that show goproxy doing otherwise
	Right  bool     // goproxy does it right
}

// Rows lists the rules, by number.
func Rows() []Row { return slices.Concat(hostRows(), lifeRows(), wireRows(), upstreamRows()) }

// hostRows are about who is spoken to.
func hostRows() []Row {
	return []Row{
		{Number: 1, Must: "hold a tunnel to one host: the target of CONNECT, the SNI, the Host header and the URL name the same, or 421",
			Stock:  "the inner Host header picks the upstream",
			Drills: []string{"ticket-of-another-host", "absolute-form", "another-host-header", "another-server-name", "user-in-host"},
			Tests:  []string{"proxy.TestOneTunnelOneHost", "proxy.TestResumptionAcrossHosts"}},
		{Number: 2, Must: "refuse plaintext inside an intercepted tunnel", Stock: "takes it, and the key goes along",
			Drills: []string{"plaintext-in-tunnel"}, Tests: []string{"proxy.TestPlaintextInsideAnInterceptedTunnel"}},
		{Number: 3, Must: "decide about every CONNECT", Stock: "what nothing matches becomes a raw tunnel to anywhere",
			Drills: []string{"refused-ports", "malformed-targets"}, Tests: []string{"proxy.TestTunnelDeny"}},
		{Number: 4, Must: "sign with a CA of its own, and refuse the one that comes with goproxy", Stock: "the private key of its CA is public",
			Tests: []string{"proxy.TestNewCAFrom", "proxy.TestCA"}, Shown: []string{"sim/patient.TestStockSignsWithAPublicKey"}},
		{Number: 5, Must: "bring its own transport and dialer, with limits and without HTTPS_PROXY", Stock: "takes HTTPS_PROXY, and no limits",
			Tests: []string{"proxy.TestRowEnvironmentIsNoWayOut", "proxy.TestUpstreamLimits"}, Shown: []string{"sim/patient.TestStockTakesHTTPSProxy"}},
		{Number: 6, Must: "strip the client's credentials, and attach a key only after rows 1 to 3", Stock: "leaves it to the handlers",
			Drills: []string{"token-as-key"}, Tests: []string{"proxy.TestBridgeHeaders"}},
	}
}

// lifeRows are about failing, waiting and ending.
func lifeRows() []Row {
	return []Row{
		{Number: 7, Must: "survive a panic of a handler", Stock: "a panic in a tunnel ends the process",
			Tests: []string{"proxy.TestPanicsAreContained"}, Shown: []string{"sim/patient.TestStockDiesOfAPanic"}},
		{Number: 8, Must: "answer an upstream's failure with 502 or 504", Stock: "closes the tunnel without a byte",
			Drills: []string{"reset-before-the-status", "stall-before-status", "upstream-refuses"}, Tests: []string{"proxy.TestUpstreamFailures"}},
		{Number: 9, Must: "cancel the upstream's request when the client leaves, before the answer and in it", Stock: "never does",
			Drills: []string{"client-leaves-before-the-answer", "client-leaves-in-mid-stream"}, Tests: []string{"proxy.TestClientGoneCancelsTheUpstream"}},
		{Number: 10, Must: "bound handshakes, headers and idle time in tunnels", Stock: "has no bound",
			Drills: []string{"silent-clients", "head-that-stalls", "idle-tunnel"}, Tests: []string{"proxy.TestLimitsInsideTunnels"}},
		{Number: 11, Must: "bound the bytes of a header", Stock: "takes tens of megabytes",
			Drills: []string{"header-too-large"}, Tests: []string{"proxy.TestHeaderBytesAreBounded"}},
		{Number: 12, Must: "stop reading a body after an early answer", Stock: "reads it to the end",
			Drills: []string{"upload-after-an-early-answer"}, Tests: []string{"proxy.TestEarlyAnswer", "proxy.TestEarlyAnswerToAStalledUpload"}},
		{Number: 13, Must: "drain tunnels at shutdown", Stock: "Shutdown returns at once, and the tunnel goes on serving",
			Drills: []string{"shutdown", "shutdown-cuts-raw"}, Tests: []string{"proxy.TestShutdownLetsRequestsFinish", "proxy.TestShutdownCuts"}},
		{Number: 14, Must: "carry what belongs to a tunnel itself", Stock: "the context of CONNECT is over by the first request",
			Tests: []string{"proxy.TestStaleTunnels", "proxy.TestTunnelTokenInPlaceOfAKey"}, Shown: []string{"sim/patient.TestStockConnectContextIsOver"}},
		{Number: 15, Must: "reload by swapping a snapshot, never by adding handlers", Stock: "its slices of handlers have no lock",
			Tests: []string{"proxy.TestTheSourceCannotChangeASnapshot"}, Shown: []string{"sim/patient.TestStockHandlersAreNotSynchronised"}},
	}
}

// wireRows are about what crosses the wire.
func wireRows() []Row {
	return []Row{
		{Number: 16, Must: "lose no bytes that came with CONNECT", Stock: "a ClientHello sent with CONNECT hangs",
			Drills: []string{"hello-with-connect"}, Tests: []string{"proxy.TestBytesBehindConnectAreNotLost"}},
		{Number: 17, Must: "flush headers, and every part of a body of unknown length", Stock: "its plain path holds headers until the first event",
			Drills: []string{"header-before-the-first-event", "held-stream-is-released", "first-bytes-of-a-body"}, Tests: []string{"proxy.TestStreamsFlow"}},
		{Number: 18, Must: "leave Accept-Encoding and a compressed body alone", Stock: "drops the one, then unpacks the other",
			Drills: []string{"compressed-answer"}, Tests: []string{"proxy.TestAnswersAreForwardedWhole"}},
		{Number: 19, Must: "strip the headers of one hop both ways, those that Connection names too", Stock: "forwards them",
			Drills: []string{"hop-by-hop"}, Tests: []string{"proxy.TestBridgeHeaders"}},
		{Number: 20, Must: "keep the client's Connection: close from the upstream, and close the tunnel itself", Stock: "dials the upstream anew each time",
			Drills: []string{"one-connection", "connection-close"}, Tests: []string{"proxy.TestUpstreamConnectionsAreReused"}},
		{Number: 21, Must: "answer Expect: 100-continue", Stock: "is silent", Drills: []string{"expect-continue"}, Tests: []string{"proxy.TestExpectContinue"}},
		{Number: 22, Must: "frame 204, 304 and HEAD without a body", Stock: "right since 1.9.2", Tests: []string{"proxy.TestFraming"}, Right: true},
		{Number: 23, Must: "send no chunks to HTTP/1.0", Stock: "does", Drills: []string{"http-1.0"}, Tests: []string{"proxy.TestFraming"}},
		{Number: 24, Must: "answer a bad request in a tunnel with 400, then close", Stock: "closes without a word",
			Drills: []string{"two-hosts", "two-lengths"}, Tests: []string{"proxy.TestBadInnerRequests"}},
	}
}

// upstreamRows are about connections, certificates and the rest.
func upstreamRows() []Row {
	return []Row{
		{Number: 25, Must: "survive an idle upstream connection that has died, also with a POST", Stock: "EOF",
			Drills: []string{"stale-connection"}, Tests: []string{"proxy.TestDeadIdleConnection"}},
		{Number: 26, Must: "have the request's body read before the answer is first flushed", Stock: "client and upstream wait for each other, and the connection dies",
			Drills: []string{"answer-while-uploading"}, Tests: []string{"proxy.TestBothDirectionsAtOnce", "proxy.TestRequestBodies"}},
		{Number: 27, Must: "keep more than two idle connections per upstream", Stock: "keeps two, and dials for most requests under load",
			Drills: []string{"many-connections"}, Tests: []string{"proxy.TestRowIdleConnectionsAreKept"}, Shown: []string{"sim/patient.TestStockDialsAgainAndAgain"}},
		{Number: 28, Must: "keep ECDSA leaf certificates: one at a time, bounded, in lower case, renewed", Stock: "takes hosts as they are written",
			Drills: []string{"host-in-capitals"}, Tests: []string{"proxy.TestLeafSingleFlight", "proxy.TestLeafCache"}},
		{Number: 29, Must: "offer no HTTP/2 that was not tested", Stock: "is one setting away from it",
			Drills: []string{"no-http2"}, Tests: []string{"proxy.TestHTTP2IsNotOffered"}, Shown: []string{"sim/patient.TestStockOffersHTTP2WhenAsked"}},
		{Number: 30, Must: "set the Logger", Stock: "prints warnings to stderr, asked or not",
			Tests: []string{"proxy.TestRowLoggerIsSet"}, Shown: []string{"sim/patient.TestStockPrintsWarnings"}},
		{Number: 31, Must: "hold a request to one snapshot", Drills: []string{"while-a-request-walks-its-keys", "reload-during-stream"}, Tests: []string{"proxy.TestReloadDuringAStream"}},
	}
}
