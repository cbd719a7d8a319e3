/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - look-ups in name/code tables. */
#include "config.h"

#include "table.h"

#include "str.h"

#include <string.h>

const char *as_table_name(const struct as_name_code *table, int code)
{
	for (; table->name; table++)
		if (table->code == code)
			return table->name;
	return "?";
}

int as_table_code(const struct as_name_code *table, const char *name, size_t n, int missing)
{
	for (; table->name; table++)
		if (as_equal_nocase_n(table->name, strlen(table->name), name, n))
			return table->code;
	return missing;
}
