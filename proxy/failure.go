package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
)

var errServerClosed = http.ErrServerClosed

// timeoutError is an error that says Timeout, as net.Error has it.
type timeoutError string

func (e timeoutError) Error() string { return string(e) }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

var errDialTimeout error = timeoutError("proxy: dial timed out")

// errStalled is how an answer ends that does not go on.
var errStalled error = timeoutError("proxy: the upstream fell silent in the middle of its answer")

// failureStatus is the status that an upstream's failure is answered with.
func failureStatus(err error) int {
	if errors.Is(err, errGuarded) {
		return http.StatusForbidden
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// guardedSentence follows "Forbidden: ".
const guardedSentence = "this address is not open to clients"

// refuseDial answers for a destination of a client's choice that dialOutside has not
// reached, without a word of the error's.
func refuseDial(w http.ResponseWriter, err error) {
	status := failureStatus(err)
	why := "the destination cannot be reached"
	switch status {
	case http.StatusForbidden:
		why = guardedSentence
	case http.StatusGatewayTimeout:
		why = "the destination did not answer in time"
	}
	refuse(w, status, http.StatusText(status)+": "+why)
}
