/* SPDX-License-Identifier: BSD-2-Clause */
/* arc_results.c - Authentication-Results with an instance in front. */
#include "config.h"

#include "arc_results.h"

#include "arc_sets.h"

enum as_err as_arc_results(struct as_arena *arena, const struct as_field *field, struct as_authres *parsed)
{
	unsigned instance;
	size_t n = as_arc_instance_read(field->value, field->value_length, &instance);
	*parsed = (struct as_authres){ .authserv_id = "", .version = 1 };
	if (n == 0)
		return AS_ERR_SYNTAX;
	return as_authres_parse_lax(arena, field->value + n, field->value_length - n, parsed);
}
