# SPDX-License-Identifier: BSD-2-Clause
# opendkim.sh - OpenDKIM, then OpenDMARC that checks SPF itself; sourced by run.sh. OpenDMARC asks the
# server of resolv.conf. (Nameservers, because OpenDKIM reads a ResolverConfiguration in many threads at once, and falls over.)

peer_installed() { command -v opendkim >/dev/null && command -v opendmarc >/dev/null; }

peer_start() { # DIR DNS
	cat >"$1/opendkim.conf" <<-END
		Mode v
		Socket local:$1/opendkim.sock
		AuthservID mx.example.net
		AlwaysAddARHeader yes
		Nameservers ${2%@*}
		Background no
		Syslog no
	END
	cat >"$1/opendmarc.conf" <<-END
		Socket local:$1/opendmarc.sock
		AuthservID mx.example.net
		TrustedAuthservIDs mx.example.net
		SPFIgnoreResults true
		SPFSelfValidate true
		RejectFailures false
		Background false
		Syslog false
	END
	peer_run "unix:$1/opendkim.sock" opendkim -f -x "$1/opendkim.conf"
	peer_run "unix:$1/opendmarc.sock" opendmarc -f -c "$1/opendmarc.conf"
}
