# `make check` is everything that a change must pass.

.PHONY: check fmt vet staticcheck test race replay

check: fmt vet staticcheck race

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

# The whole determinism run: every drill on 50 seeds, and 500 random seeds of a
# drill with four concurrent clients, each played twice in different processes.
# The suite has a smaller number of the same.
replay:
	GATEDRILL_SEEDS=500 go test -count=1 -timeout 60m -run 'Determinism|Replay' ./sim/... ./scenarios/... ./cmd/...
	go run ./cmd/gatedrill run --seeds 50
