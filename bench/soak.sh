#!/bin/sh
# soak.sh - many messages through assayd; its memory, descriptors and threads must stay flat.
#
# usage: bench/soak.sh [BUILD [MESSAGES [CONNECTIONS]]]        (build 10000 16)
# Needs nsd. Works in a private folder on loopback, and cleans up.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-build}" && pwd)
messages=${2:-10000} connections=${3:-16}
dir=$(mktemp -d)
port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
trap 'kill $nsd $assayd 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT INT TERM
nsd= assayd=
domains=50

"$build/tests/support/dkimsign" -g rsa2048 -k "$dir/key.pem" >"$dir/key.txt"
{
	echo '$ORIGIN bench.example.'
	echo '@ 300 SOA ns hostmaster 1 3600 600 86400 60'
	echo '@ 300 NS ns'
	echo 'ns 300 A 127.0.0.1'
	split=$(sed 's/.\{200\}/&" "/g' "$dir/key.txt")
	i=0
	while [ $i -lt $domains ]; do
		echo "d$i 5 TXT \"v=spf1 a:mx.d$i ip4:192.0.2.0/24 include:d$(((i + 1) % domains))i.bench.example -all\""
		echo "d${i}i 5 TXT \"v=spf1 ip4:198.51.100.0/24 -all\""
		echo "mx.d$i 5 A 192.0.2.1"
		echo "s1._domainkey.d$i 5 TXT \"$split\""
		echo "_dmarc.d$i 5 TXT \"v=DMARC1; p=reject\""
		i=$((i + 1))
	done
} >"$dir/zone"
sed -i 's/a:mx\.d\([0-9]*\)/a:mx.d\1.bench.example/' "$dir/zone"
cat >"$dir/nsd.conf" <<EOF
server:
	ip-address: 127.0.0.1@$port
	username: ""
	chroot: ""
	pidfile: ""
	zonesdir: "$dir"
	database: ""
	xfrdfile: "$dir/xfrd"
	zonelistfile: "$dir/zones"
	xfrdir: "$dir"
	server-count: 1
remote-control:
	control-enable: no
zone:
	name: bench.example
	zonefile: zone
EOF
cat >"$dir/assay.conf" <<EOF
socket = "unix:$dir/assay.sock"
user = ""
authserv-id = "mx.example.net"
log { target = "stderr" level = "warning" }
dns { mode = "forward" forward = {"127.0.0.1@$port"} trust-anchor = "" }
EOF
nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 &
nsd=$!
"$build/milter/assayd" -f -c "$dir/assay.conf" 2>"$dir/assayd.log" &
assayd=$!
while [ ! -S "$dir/assay.sock" ]; do # it listens, or it has gone
	kill -0 $assayd 2>/dev/null || { cat "$dir/assayd.log"; exit 1; }
done

body=$(/usr/bin/python3 -c 'print("\n".join("the quick brown fox jumps over the lazy dog, line %d of many" % i for i in range(300)))')
i=0
while [ $i -lt $domains ]; do
	printf 'From: Bob <bob@d%s.bench.example>\nTo: alice@example.net\nSubject: soak %s\nDate: Fri, 15 Jan 2027 08:00:00 +0000\nMessage-ID: <%s@d%s.bench.example>\n\n%s\n' \
		$i $i $i $i "$body" >"$dir/plain"
	{
		echo "192.0.2.1 mx.d$i.bench.example <bob@d$i.bench.example>"
		"$build/tests/support/dkimsign" -k "$dir/key.pem" -d "d$i.bench.example" -s s1 <"$dir/plain"
	} >"$dir/signed$i.mail"
	case $((i % 5)) in
	0) { echo "203.0.113.9 evil.example.org <x@d$i.bench.example>"; cat "$dir/plain"; } >"$dir/spoof$i.mail" ;;
	1) { echo "203.0.113.9 evil.example.org <>"; echo 'Authentication-Results: mx.example.net; dmarc=pass'; cat "$dir/plain"; } >"$dir/forged$i.mail" ;;
	esac
	i=$((i + 1))
done
"$build/bench/soak" "unix:$dir/assay.sock" $assayd "$messages" "$connections" "$dir"/*.mail
