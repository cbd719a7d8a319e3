# SPDX-License-Identifier: BSD-2-Clause
# assay-dnssec.sh - assayd that validates DNSSEC; sourced by run.sh. Everything it asks for is signed.

peer_installed() { [ -x "$build/milter/assayd" ] && command -v ldns-signzone >/dev/null; }

peer_start() { # DIR DNS
	cat >"$1/assay.conf" <<-END
		socket = "unix:$1/assay.sock"
		user = ""
		authserv-id = "mx.example.net"
		report-only = true
		log { target = "stderr" level = "error" }
		dns { mode = "forward" forward = {"$2"} trust-anchor = "$dir/anchor" }
	END
	peer_run "unix:$1/assay.sock" "$build/milter/assayd" -f -c "$1/assay.conf"
}
