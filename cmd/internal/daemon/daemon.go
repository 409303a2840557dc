// Package daemon runs the gateway as a process: listeners, reloads, signals, and what it
// says of itself.
package daemon
