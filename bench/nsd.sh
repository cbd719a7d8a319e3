# SPDX-License-Identifier: BSD-2-Clause
# nsd.sh - the name server of the benchmarks; sourced by the scripts that start one. It keeps everything in $dir.

nsd_conf() { # ADDRESS@PORT ZONE FILE
	cat <<-END
		server:
			ip-address: $1
			username: ""
			chroot: ""
			pidfile: ""
			zonesdir: "$dir"
			database: ""
			xfrdfile: "$dir/xfrd"
			zonelistfile: "$dir/zones"
			xfrdir: "$dir"
			server-count: 1
			rrl-ratelimit: 0
		remote-control:
			control-enable: no
		zone:
			name: $2
			zonefile: "$3"
	END
}

# A UDP port of loopback that nobody uses.
free_port() {
	/usr/bin/python3 -c '
import socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
print(udp.getsockname()[1])'
}
