#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# soak.sh - very many messages through assayd, with reloads and DNS faults in between; its memory, descriptors and threads must stay flat.
#
# usage: bench/soak.sh [BUILD [MESSAGES [CONNECTIONS]]]        (build 1000000 16)
# Needs nsd and Python 3. Works in a private folder on loopback, and cleans up. BUILD/bench/ gets soak.txt and the curve, soak.svg.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/nsd.sh"
build=$(cd "${1:-build}" && pwd)
messages=${2:-1000000} connections=${3:-16}
samples=200
python=/usr/bin/python3
PATH=$PATH:/usr/sbin:/sbin
dir=$(mktemp -d)
port=$(free_port)
faults= assayd=
stop_all() {
	[ -z "$faults" ] || kill $faults 2>/dev/null || :
	pids="$assayd $(cat "$dir/nsd.pid" 2>/dev/null)"
	kill -CONT $pids 2>/dev/null || :
	kill $pids 2>/dev/null || :
	wait
	rm -rf "$dir"
}
trap stop_all EXIT
trap 'exit 130' INT TERM
domains=50

# --- DNS: TTLs of five seconds, so that everything is asked again and again ---
"$build/tests/support/dkimsign" -g rsa2048 -k "$dir/key.pem" >"$dir/key.txt"
{
	echo '$ORIGIN bench.example.'
	echo '@ 300 SOA ns hostmaster 1 3600 600 86400 5'
	echo '@ 300 NS ns'
	echo 'ns 300 A 127.0.0.1'
	split=$(sed 's/.\{200\}/&" "/g' "$dir/key.txt")
	i=0
	while [ $i -lt $domains ]; do
		record="v=spf1 a:mx.d$i.bench.example ip4:192.0.2.0/24 include:d$(((i + 1) % domains))i.bench.example -all"
		echo "d$i 5 TXT \"$record\""
		echo "*.u.d$i 5 TXT \"$record\""
		echo "d${i}i 5 TXT \"v=spf1 ip4:198.51.100.0/24 -all\""
		echo "mx.d$i 5 A 192.0.2.1"
		echo "s1._domainkey.d$i 5 TXT \"$split\""
		echo "_dmarc.d$i 5 TXT \"v=DMARC1; p=reject\""
		i=$((i + 1))
	done
} >"$dir/zone"
nsd_conf 127.0.0.1@$port bench.example "$dir/zone" >"$dir/nsd.conf"
nsd_conf 127.0.0.1@$port other.example "$dir/zone" >"$dir/refuses.conf" # has no answer for us: REFUSED
start_nsd() { # CONFIGURATION
	nsd -d -c "$dir/$1.conf" >>"$dir/nsd.log" 2>&1 &
	echo $! >"$dir/nsd.pid"
}
stop_nsd() {
	pid=$(cat "$dir/nsd.pid")
	kill "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}

# --- assayd, with everything that writes ---
cat >"$dir/assay.conf" <<END
socket = "unix:$dir/assay.sock"
user = ""
authserv-id = "mx.example.net"
evaluation-timeout = "2s"
log { target = "stderr" level = "error" }
dns { mode = "forward" forward = {"127.0.0.1@$port"} trust-anchor = "" cache-size = "4m" failure-ttl = "1s" }
trace { enable = true file = "$dir/trace" size = "2m" }
capture { directory = "$dir/captured" every = 500 maximum-files = 100 }
END
cp "$dir/assay.conf" "$dir/good.conf"
start_nsd nsd
"$build/milter/assayd" -f -c "$dir/assay.conf" 2>"$dir/assayd.log" &
assayd=$!
until [ -S "$dir/assay.sock" ]; do # it listens, or it has gone
	kill -0 $assayd 2>/dev/null || { cat "$dir/assayd.log"; exit 1; }
	sleep 0.05
done

# --- mails: 70 % signed, 20 % spoofs, 20 % with forged fields; one in ten has a sender that nobody has seen before ---
body=$($python -c 'print("\n".join("the quick brown fox jumps over the lazy dog, line %d of many" % i for i in range(300)))')
i=0
while [ $i -lt $domains ]; do
	domain=d$i.bench.example sender=$domain
	[ $((i % 10)) -ne 7 ] || sender="#.u.$domain"
	printf 'From: Bob <bob@%s>\nTo: alice@example.net\nSubject: soak %s\nDate: Fri, 15 Jan 2027 08:00:00 +0000\nMessage-ID: <%s@%s>\n\n%s\n' \
		$domain $i $i $domain "$body" >"$dir/plain"
	{
		echo "192.0.2.1 mx.$domain <bob@$sender>"
		"$build/tests/support/dkimsign" -k "$dir/key.pem" -d $domain -s s1 <"$dir/plain"
	} >"$dir/signed$i.mail"
	case $((i % 5)) in
	0) { echo "203.0.113.9 evil.example.org <x@$domain>"; cat "$dir/plain"; } >"$dir/spoof$i.mail" ;;
	1) { echo "203.0.113.9 evil.example.org <>"; echo 'Authentication-Results: mx.example.net; dmarc=pass'; cat "$dir/plain"; } >"$dir/forged$i.mail" ;;
	esac
	i=$((i + 1))
done

# --- every 40 seconds: three reloads, one with a broken file, and a name server that is silent, gone, or refuses ---
event() { echo "$(date +%s) $*" >>"$dir/events"; }
faults() {
	trap 'exit 0' TERM
	while :; do
		sleep 5
		event reload
		kill -USR1 $assayd
		sleep 5
		event silent
		kill -STOP "$(cat "$dir/nsd.pid")"
		sleep 6
		kill -CONT "$(cat "$dir/nsd.pid")"
		sleep 4
		event broken file
		echo 'nonsense {' >"$dir/assay.conf"
		kill -USR1 $assayd
		sleep 3
		cp "$dir/good.conf" "$dir/assay.conf"
		event gone
		stop_nsd
		sleep 3
		start_nsd nsd
		sleep 5
		event reload
		kill -USR1 $assayd
		sleep 4
		event refuses
		stop_nsd
		start_nsd refuses
		sleep 3
		stop_nsd
		start_nsd nsd
		sleep 5
	done
}
: >"$dir/events"
faults &
faults=$!
mkdir -p "$build/bench"
status=0
"$build/bench/soak" "unix:$dir/assay.sock" $assayd "$messages" "$connections" $samples "$dir"/*.mail >"$build/bench/soak.txt" || status=$?
$python "$top/bench/soak.py" "$build/bench/soak.txt" "$dir/events" "$build/bench/soak.svg"
exit $status
