// Package e2e holds the tests that need the vendors' own SDKs. It is a module of its own, so that nobody who
// imports gatedrill inherits them.
//
//	go test ./...
//
// The SDKs drive the fake upstreams over the virtual network, in virtual time: a test that waits for an hour of
// backoff takes milliseconds, and what an SDK did is a table in testdata, so that a new version of one shows as a
// diff. Rewrite the tables with -update, and read the diff.
//
// Others build gatedrill, run serve and upstream as processes, and come through them by CONNECT, with and without TLS,
// and by base URL, on real sockets. What is known of a process is what it says of itself.
package e2e
