#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh - assayd and its peers side by side: the same mails, the same DNS, in rounds A B C A B C.
#
# usage: bench/run.sh [BUILD [ROUNDS [MESSAGES]]]        (build 3 3000)
# Needs nsd, unshare, ip and Python 3; works in a network of its own (user namespaces, or root) and in a private folder, and cleans up.
# Peers that are not installed are left out; with ldns-signzone the zone is signed, for assayd that validates. BUILD/bench/ gets results.json, results.txt and results.svg. PEERS="assay noop" chooses.
set -eu
if [ -z "${AS_BENCH_INSIDE-}" ]; then # a network with nothing but loopback, and an /etc/resolv.conf of our own
	AS_BENCH_INSIDE=1 exec unshare --map-root-user --net --mount --pid --fork --kill-child=TERM --mount-proc sh "$0" "$@"
fi
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/nsd.sh"
build=$(cd "${1:-build}" && pwd)
rounds=${2:-3} messages=${3:-3000}
cold_messages=$((messages / 10))
python=/usr/bin/python3
fast=192.0.2.53 slow=192.0.2.54 # of the DNS servers; not in 127/8, which libunbound does not ask
PATH=$PATH:/usr/sbin:/sbin
# libmilter may take five seconds to stop; a second is enough for what has children to end them.
stop() { # PID...
	kill "$@" 2>/dev/null || :
	sleep 1
	kill -KILL "$@" 2>/dev/null || :
	wait "$@" 2>/dev/null || :
}

dir=$(mktemp -d)
nsd= delay= pids=
trap 'stop $nsd $delay $pids; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# The zone as the name server has it, and the trust anchor for it.
sign_zone() {
	: >"$dir/anchor"
	mv "$dir/corpus/zone" "$dir/zone"
	command -v ldns-signzone >/dev/null || return 0
	(
		cd "$dir"
		key=$(ldns-keygen -a ECDSAP256SHA256 -k -r /dev/urandom example)
		ldns-signzone -f zone.signed zone "$key"
		mv zone.signed zone
		cat "$key.ds" >anchor
	)
}

start_dns() {
	ip link set lo up
	ip address add $fast/32 dev lo
	ip address add $slow/32 dev lo
	nsd_conf $fast@53 example "$dir/zone" >"$dir/nsd.conf"
	nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 &
	nsd=$!
	touch "$dir/resolv.conf"
	mount --bind "$dir/resolv.conf" /etc/resolv.conf
}

# For the adapters: starts one milter in the background and adds it to the chain. Every further word is the command.
peer_run() {
	chain="$chain -a $1"
	address=$1
	shift
	"$@" >>"$round/log" 2>&1 &
	pids="$pids $!"
	chain="$chain -p $!"
	until [ -S "${address#unix:}" ]; do # it listens, or it has gone
		kill -0 $! 2>/dev/null || { cat "$round/log" >&2; exit 1; }
		sleep 0.05
	done
}

# One measurement of one peer in a fresh state: a line of JSON.
measure() { # PEER CASE SERVER MAILS OPTION...
	peer=$1 case=$2 server=$3 mails=$4
	shift 4
	round=$(mktemp -d "$dir/round.XXXXXX")
	echo "nameserver $server" >"$dir/resolv.conf"
	if [ "$server" = $slow ]; then
		"$python" "$top/bench/delaydns.py" "$server@53" $fast@53 --delay 20 >"$round/questions" &
		delay=$!
		until [ -s "$round/questions" ]; do # it listens, or it has gone
			kill -0 $delay || exit 1
			sleep 0.05
		done
	fi
	chain=
	. "$top/bench/peers/$peer.sh"
	peer_start "$round" "$server@53"
	"$build/bench/load" $chain "$@" "$dir/corpus/$mails"/*.mail >"$round/result" || { cat "$round/log" "$round/result" >&2; exit 1; }
	stop $pids
	questions=null
	if [ -n "$delay" ]; then # it prints when it ends, however long that takes
		kill "$delay"
		wait "$delay" || :
		questions=$(tail -n 1 "$round/questions")
	fi
	pids= delay=
	printf '{"peer": "%s", "case": "%s", "questions": %s, "load": %s}\n' "$peer" "$case" "$questions" "$(cat "$round/result")"
	rm -rf "$round"
}

peers=
for peer in ${PEERS:-assay assay-dnssec noop opendkim rspamd}; do
	. "$top/bench/peers/$peer.sh"
	if peer_installed; then peers="$peers $peer"; else echo "$peer is not installed" >&2; fi
done
mkdir "$dir/corpus"
mkdir -p "$build/bench"
"$build/bench/corpus" "$top/tests/support/keys" "$dir/corpus" "$cold_messages"
sign_zone
start_dns
i=0
while [ $i -lt "$rounds" ]; do
	for case in hot-1 hot-8 hot-64 cold-1; do
		for peer in $peers; do
			echo "round $((i + 1)) of $rounds: $case $peer" >&2
			case $case in
			hot-*) measure "$peer" $case $fast hot -k "${case#hot-}" -w 200 -n "$messages" ;;
			cold-*) measure "$peer" $case $slow wide -k "${case#cold-}" -n "$cold_messages" ;;
			esac
		done
	done
	i=$((i + 1))
done >"$dir/results"
"$build/bench/floor" "$top/tests/support/keys/rsa2048.pem" >"$dir/floor"
"$python" "$top/bench/report.py" "$dir/results" "$dir/floor" "$build/bench"
