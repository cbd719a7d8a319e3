#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# scale.sh - assayd with few and with very many connections, with idle ones, and with larger and larger messages.
#
# usage: bench/scale.sh [BUILD [MESSAGES]]        (build 4000)
# Needs nsd and Python 3, and 4,000 descriptors. Works in a private folder on loopback, and cleans up. Every measurement starts assayd
# afresh. BUILD/bench/ gets scale.txt, scale.json (with every run) and scale.svg. COUNTS, SIZES and FIELDS choose what is measured.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/nsd.sh"
build=$(cd "${1:-build}" && pwd)
messages=${2:-4000}
python=/usr/bin/python3
PATH=$PATH:/usr/sbin:/sbin
ulimit -n "$(ulimit -Hn)"
dir=$(mktemp -d)
fast=$(free_port) slow=$(free_port)
nsd= assayd= delay=
stop() { # PID...
	[ $# -gt 0 ] || return 0
	kill "$@" 2>/dev/null || :
	wait "$@" 2>/dev/null || :
}
trap 'stop $nsd $assayd $delay; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

mkdir "$dir/corpus" "$dir/sizes"
"$build/bench/corpus" "$top/tests/support/keys" "$dir/corpus" 2000
nsd_conf 127.0.0.1@$fast example "$dir/corpus/zone" >"$dir/nsd.conf"
nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 &
nsd=$!
$python "$top/bench/delaydns.py" 127.0.0.1@$slow 127.0.0.1@$fast --delay 500 >/dev/null &
delay=$!

start_assayd() { # DNS-PORT
	cat >"$dir/assay.conf" <<-END
		socket = "unix:$dir/assay.sock"
		user = ""
		authserv-id = "mx.example.net"
		report-only = true
		maximum-connections = 2000
		maximum-header-fields = 20000
		maximum-header-bytes = "64m"
		log { target = "stderr" level = "error" }
		dns { mode = "forward" forward = {"127.0.0.1@$1"} trust-anchor = "" }
	END
	"$build/milter/assayd" -f -c "$dir/assay.conf" 2>"$dir/assayd.log" &
	assayd=$!
	until [ -S "$dir/assay.sock" ]; do # it listens, or it has gone
		kill -0 $assayd 2>/dev/null || { cat "$dir/assayd.log" >&2; exit 1; }
		sleep 0.05
	done
}

# One line of JSON from a program that is told the daemon's address.
measure() { # DNS-PORT KIND NUMBER PROGRAM...
	port=$1 kind=$2 number=$3
	shift 3
	echo "$kind $number" >&2
	start_assayd "$port"
	case $1 in
	idle) shift; "$build/bench/idle" "unix:$dir/assay.sock" $assayd "$@" >"$dir/result" ;;
	load) shift; "$build/bench/load" -a "unix:$dir/assay.sock" -p $assayd "$@" >"$dir/result" ;;
	esac || { cat "$dir/assayd.log" "$dir/result" >&2; exit 1; }
	stop $assayd
	assayd=
	printf '{"kind": "%s", "number": %s, "run": %s}\n' "$kind" "$number" "$(cat "$dir/result")"
}

# A signed mail with so many further fields and a body of so many bytes.
make_mail() { # FILE FIELDS BYTES
	$python - "$2" "$3" <<-'END' >"$dir/plain"
		import sys
		fields, size = map(int, sys.argv[1:])
		line = "the quick brown fox jumps over the lazy dog and weighs an ounce of gold\n"
		print("From: Bob <bob@hot0.example>\nTo: alice@example.net\nSubject: size\nDate: Fri, 15 Jan 2027 08:00:00 +0000")
		print("".join("X-Field-%d: the value of a field of usual length, number %d\n" % (i, i) for i in range(fields)))
		sys.stdout.write(line * (size // len(line)) + line[:size % len(line)] + "\n")
	END
	echo "192.0.2.1 mx.hot0.example <bob@hot0.example>" >"$1"
	"$build/tests/support/dkimsign" -k "$top/tests/support/keys/rsa2048.pem" -d hot0.example -s s1 <"$dir/plain" >>"$1"
}

{
	for n in ${COUNTS-1 2 8 32 64 128 256 512 1000}; do
		measure "$fast" connections "$n" load -k "$n" -w 200 -n "$messages" "$dir"/corpus/hot/*.mail
	done
	for n in ${IDLE-1000}; do
		measure "$fast" idle "$n" idle "$n" "$dir/corpus/hot/000000.mail"
		measure "$slow" waiting "$n" load -k "$n" -n $((2 * n)) "$dir"/corpus/wide/*.mail
	done
	for n in ${SIZES-1 2 5 10 20 50}; do
		make_mail "$dir/sizes/mail" 10 $((n * 1048576))
		measure "$fast" bytes "$n" load -k 1 -w 1 -n $((100 / n + 4)) "$dir/sizes/mail"
	done
	for n in ${FIELDS-100 1000 5000 10000 19900}; do
		make_mail "$dir/sizes/mail" "$n" 1000
		measure "$fast" fields "$n" load -k 1 -w 1 -n $((200000 / n + 10)) "$dir/sizes/mail"
	done
} >"$dir/results"
mkdir -p "$build/bench"
$python "$top/bench/scale.py" "$dir/results" "$build/bench"
