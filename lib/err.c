/* SPDX-License-Identifier: BSD-2-Clause */
/* err.c - texts of the errors. */
#include "config.h"

#include "err.h"

#include "table.h"

static const struct as_name_code texts[] = {
	{ "success", AS_OK },
	{ "syntax error", AS_ERR_SYNTAX },
	{ "value out of range", AS_ERR_RANGE },
	{ "not found", AS_ERR_NOT_FOUND },
	{ "limit reached", AS_ERR_LIMIT },
	{ "system error", AS_ERR_SYSTEM },
	{ NULL, 0 },
};

const char *as_err_text(enum as_err err)
{
	return as_table_name(texts, (int)err);
}
