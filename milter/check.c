/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c - looks at everything a start would look at, without starting. */
#include "config.h"

#include "check.h"

#include "clock.h"
#include "dmarc_walk.h"
#include "policy.h"
#include "privileges.h"
#include "rule.h"
#include "rule_stats.h"
#include "socket.h"
#include "translation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static bool check_anchor(struct as_arena *arena, const struct as_settings *settings, const char **detail)
{
	const char *state = NULL;
	if (!*settings->dns.trust_anchor) {
		puts("trust anchor: none, DNSSEC is not validated");
		return true;
	}
	if (as_dns_anchor_check(arena, settings->dns.trust_anchor, &state, detail) != AS_OK)
		return false;
	printf("%s\n", state ? state : settings->dns.trust_anchor);
	return true;
}

static bool check_psl(struct as_arena *arena, const struct as_settings *settings, const char **detail)
{
	if (settings->dmarc.discovery == AS_DISCOVERY_TREE_WALK)
		return true;
	struct as_psl *psl = as_psl_load(arena, settings->dmarc.public_suffix_list, detail);
	if (!psl)
		return false;
	as_psl_free(psl);
	printf("public suffix list: %s\n", settings->dmarc.public_suffix_list);
	return true;
}

static bool check_socket(struct as_arena *arena, const struct as_settings *settings, const char **detail)
{
	struct as_socket socket;
	if (as_socket_parse(arena, settings->socket, &socket, detail) != AS_OK)
		return false;
	printf("for Postfix: smtpd_milters = %s\n", as_socket_postfix(arena, &socket));
	printf("for Sendmail: %s\n", as_socket_sendmail(arena, &socket));
	return true;
}

static bool check_metrics(struct as_arena *arena, const struct as_settings *settings, const char **detail)
{
	struct as_socket socket;
	if (!*settings->metrics.socket)
		return true;
	if (as_socket_parse(arena, settings->metrics.socket, &socket, detail) != AS_OK)
		return false;
	printf("metrics: %s%s\n", settings->metrics.socket, as_socket_is_local(arena, &socket) ? "" : ", OTHER HOSTS MAY REACH IT");
	return true;
}

static void write_shadow(const struct as_settings *settings)
{
	const struct as_settings *shadow = settings->shadow.settings;
	printf("\nSHADOW %s: tried on every message, counted and logged, never done\n", shadow->file);
	for (const char *const *remark = settings->shadow.remarks; *remark; remark++)
		printf("%s\n", *remark);
	as_settings_write_changes(settings, stdout);
	if (as_rules_write_changes(settings, stdout))
		as_rules_write(shadow, NULL, as_clock_wall_s(&as_clock_system), stdout);
	as_policy_write_changes(settings, stdout);
}

/* NULL: nothing is known. */
static const struct as_rule_stats *load_statistics(struct as_arena *arena, const struct as_settings *settings, struct as_rule_stats *stats)
{
	const char *detail = NULL;
	if (!settings->rules || !*settings->rule_statistics)
		return NULL;
	if (access(settings->rule_statistics, F_OK) != 0 && errno == ENOENT) {
		printf("rule statistics: %s is not there yet\n", settings->rule_statistics);
		return NULL;
	}
	enum as_err err = as_rule_stats_load(arena, settings->rule_statistics, stats, &detail);
	if (err)
		printf("rule statistics: %s\n", detail);
	return err && err != AS_ERR_SYNTAX ? NULL : stats;
}

static void warn(void *user, const char *detail)
{
	(void)user;
	if (detail)
		fprintf(stderr, "assayd: warning: %s\n", detail);
}

void as_check_folders(struct as_arena *arena, const struct as_settings *settings, int mode,
		      void (*complain)(void *user, const char *detail), void *user)
{
	const char *captures = settings->capture.every || settings->capture.rules[0] ? settings->capture.directory : "";
	const struct {
		const char *what, *path; /* "": nothing is written */
	} files[] = {
		{ "traces", settings->trace.enable ? settings->trace.file : "" },
		{ "captures", *captures && access(captures, F_OK) == 0 ? as_printf(arena, "%s/", captures) : captures },
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const char *slash = strrchr(files[i].path, '/');
		if (!slash)
			continue;
		const char *folder = slash > files[i].path ? as_strndup(arena, files[i].path, (size_t)(slash - files[i].path)) : "/";
		if (access(folder, mode) != 0)
			complain(user, as_printf(arena, "%s cannot be written to %s: %s; make the folder, for the user to write to",
						 files[i].what, files[i].path, strerror(errno)));
	}
}

/* Not an error: the check may run where the accounts are not made yet, and as somebody else. */
static void warn_of_accounts(struct as_arena *arena, const struct as_settings *settings)
{
	struct as_account account = { 0 };
	const char *const groups[] = { settings->socket_group, settings->metrics.socket_group };
	const char *detail = NULL;
	gid_t gid;
	if (as_account_find(arena, settings->user, &account, &detail))
		detail = as_privileges_left(arena, &account);
	warn(NULL, detail);
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (*groups[i] && !as_group_find(arena, groups[i], &account, &gid, &detail))
			warn(NULL, detail);
}

int as_check(const struct as_settings *settings, const char *file)
{
	static bool (*const checks[])(struct as_arena *, const struct as_settings *, const char **) = {
		check_socket, check_metrics, check_anchor, check_psl,
	};
	struct as_arena *arena = as_arena_new();
	int status = EX_OK;
	printf("configuration: %s%s\n", file, access(file, F_OK) == 0 ? "" : " does not exist, the built-in defaults hold");
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		const char *detail = "unknown";
		if (checks[i](arena, settings, &detail))
			continue;
		fprintf(stderr, "assayd: %s\n", detail);
		status = EX_CONFIG;
	}
	struct as_rule_stats stats;
	warn_of_accounts(arena, settings);
	as_check_folders(arena, settings, F_OK, warn, NULL);
	as_translations_write(settings, stdout);
	as_rules_write(settings, load_statistics(arena, settings, &stats), as_clock_wall_s(&as_clock_system), stdout);
	as_policy_write_matrix(settings, stdout);
	if (settings->shadow.settings)
		write_shadow(settings);
	as_arena_free(arena);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	perror("assayd: standard output");
	return EX_IOERR;
}
