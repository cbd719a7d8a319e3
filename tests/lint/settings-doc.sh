#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# settings-doc.sh - are conf/assay.conf and man/assay.conf.5 what the table of keywords makes? Run in the build folder.
srcdir=${srcdir:-.}
doc=./tools/settings_doc
status=0
compare() {
	if ! diff -u "$srcdir/$1" "$2"; then
		echo "$1 differs from lib/settings_table.c: run \"make settings-doc\""
		status=1
	fi
}
made=$(mktemp) || exit 99
trap 'rm -f "$made"' EXIT
"$doc" sample >"$made" || exit 1
compare conf/assay.conf "$made"
{ cat "$srcdir/man/assay.conf.5.head" && "$doc" man && cat "$srcdir/man/assay.conf.5.tail"; } >"$made" || exit 1
compare man/assay.conf.5 "$made"
exit $status
