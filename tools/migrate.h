/* SPDX-License-Identifier: BSD-2-Clause */
/* migrate.h - an assay.conf that does what an opendkim.conf and an opendmarc.conf did. */
#ifndef AS_TOOLS_MIGRATE_H
#define AS_TOOLS_MIGRATE_H

#include "arena.h"

enum as_migrate_source { AS_MIGRATE_OPENDKIM, AS_MIGRATE_OPENDMARC };

struct as_migrate_input {
	enum as_migrate_source source;
	const char *name; /* for comments: "opendkim.conf" */
	const char *text;
};

/* The configuration as text: every line of the inputs is either turned into a keyword or named in a comment with the reason why it has
 * no equivalent. Values that cannot be carried over (files with lists, for one) are named too. What comes out is accepted by
 * as_settings_parse(). `count` inputs. Arena memory; pure. */
const char *as_migrate(struct as_arena *arena, const struct as_migrate_input *inputs, size_t count);

#endif
