# SPDX-License-Identifier: BSD-2-Clause
# noop.sh - libmilter alone; sourced by run.sh.

peer_installed() { [ -x "$build/bench/noop" ]; }

peer_start() { # DIR DNS
	peer_run "unix:$1/noop.sock" "$build/bench/noop" "unix:$1/noop.sock"
}
