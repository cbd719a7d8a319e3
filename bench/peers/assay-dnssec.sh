# SPDX-License-Identifier: BSD-2-Clause
# assay-dnssec.sh - assayd that validates DNSSEC; sourced by run.sh. Everything it asks for is signed.

. "$top/bench/peers/assay.sh"

peer_installed() { [ -x "$build/milter/assayd" ] && command -v ldns-signzone >/dev/null; }

peer_start() { start_assayd "$1" "$2" "$dir/anchor"; } # DIR DNS
