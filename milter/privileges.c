/* SPDX-License-Identifier: BSD-2-Clause */
/* privileges.c - user and group ids. An unknown user is refused: running as root instead would be worse than not running. */
#include "config.h"

#include "privileges.h"

#include <errno.h>
#include <grp.h>
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
