/* SPDX-License-Identifier: BSD-2-Clause */
/* banner.c - writes the start of the log. */
#include "config.h"

#include "banner.h"

#include "clock.h"
#include "rule.h"
#include "str.h"

static void warn_expired(const struct as_log *log, const struct as_settings *settings)
{
	char date[AS_DATE_TEXT];
	int64_t now_s = as_clock_wall_s(&as_clock_system);
	for (size_t i = 0; settings->rules && i < settings->rules->count; i++) {
		const struct as_rule *rule = &settings->rules->list[i];
		if (as_rule_is_expired(rule, now_s))
			as_log(log, AS_LOG_WARNING, NULL, "rule %s expired on %s and does not match any more%s%s", rule->name,
			       as_date_text(rule->expires_s, date), *rule->owner ? "; ask " : "", rule->owner);
	}
}

/* How many rules do what: "; rules: 2 reject, 1 tag, 1 report-only". */
static void add_rules(struct as_buf *line, const struct as_settings *settings)
{
	size_t counts[AS_ACTION_REPORT_ONLY + 1] = { 0 }, shown = 0;
	int64_t now_s = as_clock_wall_s(&as_clock_system);
	for (size_t i = 0; settings->rules && i < settings->rules->count; i++) {
		const struct as_rule *rule = &settings->rules->list[i];
		if (!as_rule_is_expired(rule, now_s))
			counts[rule->is_report_only ? AS_ACTION_REPORT_ONLY : (int)rule->verb]++;
	}
	for (int action = AS_ACTION_REPORT_ONLY; action >= 0; action--)
		if (counts[action])
			as_buf_printf(line, "%s %zu %s", shown++ ? "," : "; rules:", counts[action],
				      action == AS_ACTION_REPORT_ONLY ? "report-only" : as_verb_name((enum as_verb)action));
}

static void log_enforced(const struct as_log *log, const struct as_settings *settings, const char *title)
{
	const struct {
		bool is_on;
		const char *event;
		enum as_verb verb;
	} rows[] = {
		{ settings->dmarc.enable, "dmarc p=reject", settings->dmarc.on_reject },
		{ settings->dmarc.enable, "dmarc p=quarantine", settings->dmarc.on_quarantine },
		{ settings->dmarc.enable, "dmarc p=none", settings->dmarc.on_none_fail },
		{ settings->dmarc.enable, "dmarc temperror", settings->dmarc.on_temperror },
		{ settings->dmarc.enable, "dmarc permerror", settings->dmarc.on_permerror },
		{ settings->dmarc.enable, "malformed From", settings->dmarc.on_malformed_from },
		{ settings->spf.enable, "spf fail", settings->spf.on_fail },
		{ settings->spf.enable, "spf softfail", settings->spf.on_softfail },
		{ settings->spf.enable, "spf temperror", settings->spf.on_temperror },
		{ settings->spf.enable, "spf permerror", settings->spf.on_permerror },
		{ settings->dkim.enable, "dkim fail", settings->dkim.on_fail },
		{ settings->dkim.enable, "dkim none", settings->dkim.on_none },
		{ settings->dkim.enable, "dkim temperror", settings->dkim.on_temperror },
		{ settings->iprev.enable, "iprev fail", settings->iprev.on_fail },
		{ settings->iprev.enable, "iprev permerror", settings->iprev.on_permerror },
		{ settings->iprev.enable, "iprev temperror", settings->iprev.on_temperror },
	};
	struct as_arena *arena = as_arena_new();
	struct as_buf line = as_buf_new(arena);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].is_on && rows[i].verb != AS_VERB_ACCEPT)
			as_buf_printf(&line, "%s %s -> %s", line.length ? "," : "", rows[i].event, as_verb_name(rows[i].verb));
	}
	if (!line.length)
		as_buf_puts(&line, " nothing");
	add_rules(&line, settings);
	warn_expired(log, settings);
	as_log(log, AS_LOG_INFO, NULL, "%s%s:%s", title, settings->report_only ? "report-only, would enforce" : "enforced", line.text);
	as_arena_free(arena);
}

void as_banner_enforced(const struct as_log *log, const struct as_settings *settings)
{
	const struct as_settings *shadow = settings->shadow.settings;
	log_enforced(log, settings, "");
	if (!shadow)
		return;
	log_enforced(log, shadow, "shadow, tried and never done: ");
	for (const char *const *remark = settings->shadow.remarks; *remark; remark++)
		as_log(log, AS_LOG_WARNING, NULL, "%s", *remark);
}

void as_banner(const struct as_log *log, const struct as_settings *settings, const struct as_socket *socket, const char *dns_state)
{
	struct as_arena *arena = as_arena_new();
	as_log(log, AS_LOG_INFO, NULL, "assayd " PACKAGE_VERSION " started");
	as_log(log, AS_LOG_INFO, NULL, "dns: %s", dns_state);
	as_banner_enforced(log, settings);
	as_log(log, AS_LOG_INFO, NULL, "for Postfix: smtpd_milters = %s", as_socket_postfix(arena, socket));
	as_log(log, AS_LOG_DEBUG, NULL, "for Sendmail: %s", as_socket_sendmail(arena, socket));
	as_arena_free(arena);
}
