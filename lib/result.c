/* SPDX-License-Identifier: BSD-2-Clause */
/* result.c - results of methods. */
#include "config.h"

#include "result.h"

#include <string.h>

struct as_result *as_results_add(struct as_arena *arena, struct as_results *results, const char *method, enum as_code code)
{
	enum { FIRST = 8 };
	if (results->count == results->room) {
		size_t room = results->room ? results->room * 2 : FIRST;
		struct as_result *list = as_alloc_array(arena, room, sizeof *list);
		if (results->count)
			memcpy(list, results->list, results->count * sizeof *list);
		results->list = list;
		results->room = room;
	}
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
