package trace_test

import (
	"fmt"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func ExampleLog() {
	now := time.Duration(0)
	log := trace.NewLog(func() time.Duration { return now })
	log.Begin(0, "request POST https://alpha.invalid/v1/messages")
	now = 1500
	log.Observe(trace.ClientGot{Client: "client", Status: 200})
	log.Observe(trace.BridgeGot{Method: "POST", Target: "/v1/messages"}) // the bridge comes first
	for _, o := range log.Observations() {
		fmt.Println(o.Fact)
	}
	fmt.Print(log.Trace(trace.Header{Drill: "first", Seed: 1}).Text)
	// Output:
	// bridge got POST /v1/messages
	// client got 200
	// gatedrill trace 1
	// drill first
	// seed 1
	// ties 0
	// step 1 request POST https://alpha.invalid/v1/messages
	// 1500 = bridge got POST /v1/messages
	// 1500 = client got 200 | 0 bytes e3b0c44298fc1c14
	// end
}
