# SPDX-License-Identifier: BSD-2-Clause
# rspamd.sh - rspamd with nothing but SPF, DKIM, DMARC and ARC, the proxy worker scanning itself; sourced by run.sh.

peer_installed() { command -v rspamd >/dev/null; }

peer_start() { # DIR DNS
	cat >"$1/rspamd.conf" <<-END
		options {
			pidfile = "$1/rspamd.pid";
			tempdir = "$1";
			cache_file = "$1/symbols.cache";
			hs_cache_dir = "$1";
			rrd = "$1/rspamd.rrd";
			history_file = "$1/rspamd.history";
			filters = "dkim";
			dns { nameserver = ["${2%@*}:${2#*@}"]; timeout = 5s; retransmits = 2; }
		}
		logging { type = "file"; filename = "$1/rspamd.log"; level = "error"; }
		worker "rspamd_proxy" {
			bind_socket = "$1/rspamd.sock mode=0666";
			milter = yes;
			timeout = 60s;
			upstream "local" { default = yes; self_scan = yes; }
			count = $(nproc);
		}
		modules { path = "/usr/share/rspamd/plugins/"; }
		spf { }
		dkim { }
		dmarc { }
		arc { }
		milter_headers { use = ["authentication-results"]; }
		metric { actions { } }
	END
	peer_run "unix:$1/rspamd.sock" rspamd -f -i -c "$1/rspamd.conf"
}
