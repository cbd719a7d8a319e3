#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# count-results.sh - adds up what the tests of build folders said, names the failures, and ends with "N passed, N failed".
#
# count-results.sh [FOLDER WHERE MAKE FAILED]... -- FOLDER...
# A program that reports its cases in the manner of cmocka counts with each of them, any other as one.
set -u

make_failed=
while [ "$1" != -- ]; do
	make_failed="$make_failed $1"
	shift
done
shift

find "$@" -name '*.trs' | sort | while read -r trs; do
	printf '%s\n' "@ ${trs%.trs}"
	cat "$trs"
	log=${trs%.trs}.log
	[ -e "$log" ] || continue
	sed -n '1s/^/< /p' "$log"
	sed -n 's/^\(\[  *[A-Z][A-Z]*  *\].*\)/> \1/p; s/^skipped: /> &/p' "$log"
done | awk -v make_failed="$make_failed" '
	function close_program()
	{
		if (program == "")
			return
		if (result != "PASS" && result != "SKIP" && bad == 0) {
			bad = 1
			names[program ": " (result == "" ? "no result" : result)]
		} else if (good + bad + skip == 0) {
			if (result == "PASS") good = 1
			else skip = 1
		}
		if (result == "SKIP")
			printf "SKIPPED %s: %s\n", program, reason == "" ? first : reason
		passed += good; failed += bad; skipped += skip
		for (name in names) printf "FAILED %s\n", name
		split("", names)
		good = bad = skip = 0; result = reason = first = ""
	}
	$1 == "@" { close_program(); program = $2 }
	$1 == ":test-result:" { result = $2 }
	/^> \[ +OK +\] / { good++ }
	/^> \[ +SKIPPED +\] / && !/ test\(s\)/ { if (!(program $0 in seen)) skip++; seen[program $0] }
	/^> \[ +FAILED +\] / && !/ test\(s\)/ {
		sub(/^> \[ +FAILED +\] /, "")
		if (!(program ": " $0 in names)) bad++
		names[program ": " $0]
	}
	$1 == "<" { first = $2 == "SKIP" ? "no reason given" : substr($0, 3) }
	/^> skipped: / { sub(/^> skipped: /, ""); reason = $0 }
	END {
		close_program()
		if (failed == 0 && make_failed != "") {
			printf "FAILED make check in%s; see check.log there\n", make_failed
			failed = 1
		}
		if (passed == 0 && failed == 0)
			failed = 1
		printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
		exit failed != 0
	}'
