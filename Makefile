# `make check` is everything that a change must pass.

.PHONY: check fmt vet staticcheck test race e2e clients properties replay day

check: fmt vet staticcheck race e2e

fmt:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt these files:"; echo "$$unformatted"; exit 1; fi

vet:
	go vet ./...

staticcheck:
	go tool staticcheck ./...

test:
	go test ./...

race:
	go test -race ./...

# The vendors' SDKs against the fakes: a module of its own, so that nobody who imports
# gatedrill inherits them.
e2e:
	cd e2e && go vet ./... && go test ./...

# The vendors' Node SDKs through gatedrill serve. Not in check: it wants npm, and fetches what e2e/node names.
clients:
	cd e2e/node && npm ci --ignore-scripts --no-audit --no-fund
	cd e2e && GATEDRILL_CLIENTS=1 go test -count=1 -run TestNodeClients .

# Generated tests on cases that nobody has seen: ten times as many as the suite draws, from another seed each time. What
# fails prints its seed.
properties:
	RAPID_CHECKS=1000 go test -count=1 -timeout 60m ./keypool ./proxy ./fakeupstream ./scenarios ./cmd/internal/providersapi \
		./sim/drill ./sim/gen ./sim/recording/...

# The whole determinism run. In one process: 500 seeds of a drill with four
# clients, a failover and a reload, and of the bare engine, with GOMAXPROCS 2 and
# 1. In three processes, scheduled and built differently: the same for 500 seeds
# of a drill, whose traces are compared. Then every drill on 50 seeds, in two. And
# 10,000 runs of an exploration, each twice, in two.
# The suite has a smaller number of each.
replay:
	GATEDRILL_SEEDS=500 go test -count=1 -timeout 60m -run 'Determinism|Replay' ./sim ./sim/simnet
	GATEDRILL_EXPLORED=10000 go test -count=1 -timeout 120m -run ExplorationIsDeterministic ./sim/explore
	set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	go build -o $$dir/plain ./cmd/gatedrill; go build -race -o $$dir/race ./cmd/gatedrill; \
	drill=four-clients-failover-and-reload; \
	$$dir/plain run $$drill --seeds 500 --trace $$dir/a; \
	GOMAXPROCS=1 GOGC=5 $$dir/plain run $$drill --seeds 500 --trace $$dir/b; \
	$$dir/race run $$drill --seeds 500 --trace $$dir/c; \
	cmp $$dir/a $$dir/b; cmp $$dir/a $$dir/c; \
	$$dir/plain run --seeds 50 --trace $$dir/a; \
	GOMAXPROCS=1 GOGC=5 $$dir/plain run --seeds 50 --trace $$dir/b; \
	cmp $$dir/a $$dir/b

# A day of 100,000 requests: recorded, and played again by the command line, with the seconds that it took.
day:
	set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	go build -o $$dir/gatedrill ./cmd/gatedrill; \
	go test -count=1 -timeout 60m ./sim/recording -run ALongRecording -requests 100000 -keep $$dir/day.ndjson; \
	began=$$(date +%s); $$dir/gatedrill replay $$dir/day.ndjson; \
	echo "replayed in $$(($$(date +%s) - began)) s"
