#!/bin/sh
# Records a failing exchange on loopback: a fake upstream that limits both keys, the gateway in
# front of it with --record, and a client that asks three times and is told how it went.
#
#   sh examples/incident/record.sh FOLDER
#
# The program is built, unless GATEDRILL names it.
set -eu
folder=${1:?usage: record.sh FOLDER}
if [ -e "$folder" ]; then
	echo "$folder is there already: name another folder, or remove it" >&2
	exit 2
fi
work=$(mktemp -d)
pids=
trap 'kill $pids 2>/dev/null || :; wait; rm -rf "$work"' EXIT
if [ -z "${GATEDRILL:-}" ]; then
	GATEDRILL=$work/gatedrill
	(cd "$(dirname "$0")/../.." && go build -o "$GATEDRILL" ./cmd/gatedrill)
fi

# until COMMAND… waits for what another process does, a minute at most.
await() {
	n=0
	until "$@"; do
		n=$((n + 1))
		if [ $n -gt 600 ]; then
			cat "$work"/*.log >&2
			exit 1
		fi
		sleep 0.1
	done
}

cat >"$work/upstream.script" <<'END'
upstream providers.invalid
  key k0: 200, then 429 retry-after=30
  key k1: 429 retry-after=20
END
"$GATEDRILL" upstream --script "$work/upstream.script" --listen 127.0.0.1:0 --ready "$work/ready" >"$work/upstream.log" 2>&1 &
pids=$!
await test -s "$work/ready"

cat >"$work/gatedrill.yaml" <<END
listen:
  proxy: "off"
  base_url: 127.0.0.1:0
ca:
  dir: state
tokens:
  - example-gateway-token
providers:
  - name: alpha
    type: openai
    base_url: $(cut -d ' ' -f 2 "$work/ready")
    keys:
      - sk-k0
      - sk-k1
END
"$GATEDRILL" serve --config "$work/gatedrill.yaml" --record "$folder" >"$work/serve.log" 2>&1 &
gateway=$!
pids="$pids $gateway"
await grep -q 'msg=listening on=base_url' "$work/serve.log"
address=$(sed -n 's/.*msg=listening on=base_url address=\([^ ]*\).*/\1/p' "$work/serve.log")

for n in 1 2 3; do
	curl -s --noproxy '*' -o /dev/null -w "request $n: %{http_code}\n" -H 'Authorization: Bearer example-gateway-token' \
		"http://$address/api/v2/aibridge/alpha/v1/models"
done
kill "$gateway"
wait "$gateway"
