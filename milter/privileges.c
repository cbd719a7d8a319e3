/* SPDX-License-Identifier: BSD-2-Clause */
/* privileges.c - user and group ids. An unknown user is refused: running as root instead would be worse than not running. */
#include "config.h"

#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

bool as_account_find(struct as_arena *arena, const char *name, struct as_account *account, const char **detail)
{
	*account = (struct as_account){ .name = name, .uid = geteuid(), .gid = getegid() };
	if (!*name)
		return true;
	const struct passwd *entry = getpwnam(name);
	if (!entry) {
		*detail = as_printf(arena, "user '%s' does not exist; create it or set user", name);
		return false;
	}
	account->uid = entry->pw_uid;
	account->gid = entry->pw_gid;
	return true;
}

bool as_group_find(struct as_arena *arena, const char *name, const struct as_account *account, gid_t *gid, const char **detail)
{
	*gid = account->gid;
	if (!*name)
		return true;
	const struct group *entry = getgrnam(name);
	if (!entry) {
		*detail = as_printf(arena, "group '%s' does not exist; create it or set socket-group", name);
		return false;
	}
	*gid = entry->gr_gid;
	return true;
}

bool as_privileges_drop(struct as_arena *arena, const struct as_account *account, const char **detail)
{
	if (!*account->name || (account->uid == geteuid() && account->uid == getuid()))
		return true;
	if (geteuid() != 0) {
		*detail = as_printf(arena, "cannot become user '%s': not started as root", account->name);
		return false;
	}
	if (initgroups(account->name, account->gid) != 0 || setgid(account->gid) != 0 || setuid(account->uid) != 0) {
		*detail = as_printf(arena, "cannot become user '%s': %s", account->name, strerror(errno));
		return false;
	}
	if (account->uid != 0 && setuid(0) == 0) {
		*detail = as_printf(arena, "privileges came back after becoming user '%s'", account->name);
		return false;
	}
	return true;
}

static bool is_in_root_group(void)
{
	gid_t groups[NGROUPS_MAX];
	int count = getgroups(NGROUPS_MAX, groups);
	bool is_in = getgid() == 0 || getegid() == 0;
	for (int i = 0; i < count; i++)
		is_in |= groups[i] == 0;
	return is_in;
}

/* A process without privileges cannot leave its groups: whoever starts it as the user has to. */
const char *as_privileges_left(struct as_arena *arena, const struct as_account *account)
{
	if (account->uid == 0)
		return as_printf(arena, "user = \"%s\": everything runs as root; name an account without privileges", account->name);
	if (geteuid() == account->uid && is_in_root_group())
		return "started in the group of root; start it with the groups of its own account alone";
	return NULL;
}
