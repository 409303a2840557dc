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

// failureStatus is the status that an upstream's failure is answered with.
func failureStatus(err error) int {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}
