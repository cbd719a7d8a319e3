#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# with-python.sh - runs a test program with the system's Python 3; a test without Python is skipped.
for python in /usr/bin/python3 /usr/local/bin/python3 python3; do
	if command -v "$python" >/dev/null 2>&1; then
		PYTHONDONTWRITEBYTECODE=1 exec "$python" "$@"
	fi
done
echo "skipped: python3 is missing"
exit 77
