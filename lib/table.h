/* SPDX-License-Identifier: BSD-2-Clause */
/* table.h - names and codes as rows: one table serves parsing and printing. */
#ifndef AS_TABLE_H
#define AS_TABLE_H

#include <stddef.h>

struct as_name_code {
	const char *name; /* NULL ends a table */
	int code;
};

/* The name of a code, or "?" if the table does not have it. */
const char *as_table_name(const struct as_name_code *table, int code);

/* The code of a name (ASCII case ignored), or `missing`. */
int as_table_code(const struct as_name_code *table, const char *name, size_t n, int missing);

#endif
