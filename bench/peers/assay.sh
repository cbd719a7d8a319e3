# SPDX-License-Identifier: BSD-2-Clause
# assay.sh - assayd as it was built here; sourced by run.sh.

peer_installed() { [ -x "$build/milter/assayd" ]; }

peer_start() { start_assayd "$1" "$2" ""; }

start_assayd() { # DIR DNS TRUST-ANCHOR
	cat >"$1/assay.conf" <<-END
		socket = "unix:$1/assay.sock"
		user = ""
		authserv-id = "mx.example.net"
		report-only = true
		log { target = "stderr" level = "error" }
		dns { mode = "forward" forward = {"$2"} trust-anchor = "$3" }
	END
	peer_run "unix:$1/assay.sock" "$build/milter/assayd" -f -c "$1/assay.conf"
}
