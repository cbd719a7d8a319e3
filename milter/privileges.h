/* SPDX-License-Identifier: BSD-2-Clause */
/* privileges.h - becoming an unprivileged user for good. */
#ifndef AS_PRIVILEGES_H
#define AS_PRIVILEGES_H

#include "arena.h"

#include <stdbool.h>
#include <sys/types.h>

struct as_account {
	const char *name; /* "": nobody else, we stay who we are */
	uid_t uid;
	gid_t gid;
};

/* Looks the user up; name "": the present ids. False: *detail says why (arena). */
bool as_account_find(struct as_arena *arena, const char *name, struct as_account *account, const char **detail);

/* The id of a group; "": that of the account. False: *detail says why. */
bool as_group_find(struct as_arena *arena, const char *name, const struct as_account *account, gid_t *gid, const char **detail);

/* Becomes the account with its supplementary groups, so that there is no way back. Before the first thread. False: *detail. */
bool as_privileges_drop(struct as_arena *arena, const struct as_account *account, const char **detail);

/* What of root is left to this process as the account, or will be once as_privileges_drop() was called: words for a warning in the
 * arena; NULL for nothing. */
const char *as_privileges_left(struct as_arena *arena, const struct as_account *account);

#endif
