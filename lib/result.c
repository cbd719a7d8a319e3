/* SPDX-License-Identifier: BSD-2-Clause */
/* result.c - results of methods. */
#include "config.h"

#include "result.h"

struct as_result *as_results_add(struct as_arena *arena, struct as_results *results, const char *method, enum as_code code)
{
	results->list = as_grow(arena, results->list, results->count, sizeof *results->list);
	struct as_result *result = &results->list[results->count++];
	*result = (struct as_result){ .method = method, .code = code };
	return result;
}

static void add(struct as_result *result, struct as_property property)
{
	if (property.value && result->count < AS_PROPERTIES_MAX)
		result->properties[result->count++] = property;
}

void as_result_property(struct as_result *result, const char *ptype, const char *property, const char *value)
{
	add(result, (struct as_property){ .ptype = ptype, .property = property, .value = value });
}

void as_result_identity(struct as_result *result, const char *ptype, const char *property, const char *value)
{
	add(result, (struct as_property){ .ptype = ptype, .property = property, .value = value, .is_identity = true });
}
