/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_from.c - a configuration that a test has as text. */
#include "config.h"

#include "settings_from.h"

#include "test.h"

const struct as_settings *settings_from(struct as_arena *arena, const char *text)
{
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	if (as_settings_parse(arena, "t", text, &settings, &detail))
		fail_msg("%s\n%s", detail, text);
	return settings;
}
