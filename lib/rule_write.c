/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_write.c - `assayd -n` about rules: their order, those that can never decide, networks that overlap. */
#include "config.h"

#include "rule.h"

#include "rule_stats.h"
#include "settings_table.h"
#include "str.h"

#include <inttypes.h>
#include <string.h>

enum { DAY = 24 * 60 * 60, IDLE_DAYS = 30 };

static const char *network_text(struct as_arena *arena, const struct as_network *network)
{
	char address[AS_IP_TEXT];
	return as_printf(arena, "%s/%u", as_ip_text(&network->ip, address), network->bits);
}

static const struct as_name_code *words_of(enum as_condition_id id)
{
	const struct as_keyword *row = as_keywords;
	while (strcmp(row->section, "rule") != 0 || strcmp(row->name, as_condition_name(id)) != 0)
		row++;
	return row->words;
}

static void add_value(struct as_buf *out, size_t *shown, const char *value)
{
	as_buf_printf(out, "%s\"%s\"", (*shown)++ ? ", " : "", value);
}

/* name = {"a", "b"} as it could stand in the file. */
static void add_condition(struct as_buf *out, const struct as_rules *rules, const struct as_condition *c)
{
	size_t shown = 0;
	const struct as_name_code *words = c->bits ? words_of(c->id) : NULL;
	as_buf_printf(out, " %s = {", as_condition_name(c->id));
	for (; words && words->name; words++)
		if (c->bits & (uint32_t)1 << words->code)
			add_value(out, &shown, words->name);
	for (size_t i = 0; c->names && i < c->count; i++)
		add_value(out, &shown, as_escape(out->arena, c->names[i], strlen(c->names[i]), 255));
	for (size_t i = 0; i < c->network_count; i++)
		add_value(out, &shown, network_text(out->arena, &c->networks[i]));
	for (size_t i = 0; c->fields && i < c->count; i++)
		add_value(out, &shown, rules->fields[c->fields[i]]);
	for (size_t i = 0; c->ranges && i < c->count; i++)
		add_value(out, &shown, c->ranges[i].most == INT64_MAX ? as_printf(out->arena, ">%" PRId64, c->ranges[i].least - 1)
								      : as_printf(out->arena, "<%" PRId64, c->ranges[i].most + 1));
	as_buf_puts(out, "}");
}

static const char *action_name(const struct as_rule *rule)
{
	return rule->is_report_only ? "report-only" : as_verb_name(rule->verb);
}

static const char *conditions_text(struct as_arena *arena, const struct as_rules *rules, const struct as_rule *rule)
{
	struct as_buf text = as_buf_new(arena);
	for (size_t i = 0; i < rule->count; i++)
		add_condition(&text, rules, &rule->conditions[i]);
	return text.text;
}

uint64_t as_rule_fingerprint(const struct as_rules *rules, const struct as_rule *rule)
{
	struct as_arena *arena = as_arena_new();
	uint64_t fingerprint = as_rule_hash(conditions_text(arena, rules, rule));
	as_arena_free(arena);
	return fingerprint ? fingerprint : 1;
}

/* --- when it matched -------------------------------------------------------------------------------------------------------- */

/* Whole days; a clock that was set back makes none. */
static long long days(int64_t from_s, int64_t to_s)
{
	return to_s > from_s ? (to_s - from_s) / DAY : 0;
}

static const char *day_words(struct as_arena *arena, long long n)
{
	return as_printf(arena, "%lld day%s", n, n == 1 ? "" : "s");
}

/* "has not matched since 2026-11-10 (12 days)" */
static const char *idle_words(struct as_arena *arena, const struct as_rule_stat *stat, int64_t now_s)
{
	char date[AS_DATE_TEXT];
	if (!stat->hits)
		return as_printf(arena, "never matched in the %s it is there", day_words(arena, days(stat->since_s, now_s)));
	return as_printf(arena, "has not matched since %s (%s)", as_date_text(stat->last_s, date),
			 day_words(arena, days(stat->last_s, now_s)));
}

static bool is_idle(const struct as_rule_stat *stat, int64_t now_s)
{
	return days(stat->hits ? stat->last_s : stat->since_s, now_s) >= IDLE_DAYS;
}

static const struct as_rule_stat *stat_of(const struct as_rule_stats *stats, const struct as_rule *rule)
{
	return stats ? as_rule_stats_find(stats, rule->name, rule->fingerprint) : NULL;
}

static void write_use(struct as_arena *arena, const struct as_rule_stat *stat, int64_t now_s, FILE *out)
{
	char since[AS_DATE_TEXT], last[AS_DATE_TEXT];
	if (stat && (!stat->hits || is_idle(stat, now_s)))
		fprintf(out, "    %s\n", idle_words(arena, stat, now_s));
	if (stat && stat->hits)
		fprintf(out, "    matched %" PRIu64 " time%s since %s, last on %s\n", stat->hits, stat->hits == 1 ? "" : "s",
			as_date_text(stat->since_s, since), as_date_text(stat->last_s, last));
}

/* An exemption that nobody needs is a door left open: it is named from its first day on. */
static void write_unused(struct as_arena *arena, const struct as_rules *rules, const struct as_rule_stats *stats, int64_t now_s, FILE *out)
{
	for (const struct as_rule *rule = rules->list; rule < rules->list + rules->count; rule++) {
		const struct as_rule_stat *stat = stat_of(stats, rule);
		bool is_exemption = !rule->is_report_only && rule->verb == AS_VERB_ACCEPT;
		if (!stat || as_rule_is_expired(rule, now_s) || !(is_idle(stat, now_s) || (is_exemption && !stat->hits)))
			continue;
		fprintf(out, "unused: %s %s %s%s%s%s%s\n", is_exemption ? "exemption" : "rule", rule->name, idle_words(arena, stat, now_s),
			*rule->owner ? "; ask " : "", rule->owner, *rule->reason ? "; reason: " : "", rule->reason);
	}
}

static void write_rule(struct as_arena *arena, const struct as_rules *rules, const struct as_rule_stats *stats, size_t number,
		       int64_t now_s, FILE *out)
{
	const struct as_rule *rule = &rules->list[number];
	char date[AS_DATE_TEXT];
	fprintf(out, "%3zu %-26s %-12s%s\n", number + 1, rule->name, action_name(rule), conditions_text(arena, rules, rule));
	if (rule->percent < 100)
		fprintf(out, "    only %u %% of the messages\n", rule->percent);
	if (rule->expires_s)
		fprintf(out, "    %s %s\n", as_rule_is_expired(rule, now_s) ? "EXPIRED since" : "expires",
			as_date_text(rule->expires_s, date));
	if (*rule->owner || *rule->reason)
		fprintf(out, "    %s%s%s\n", rule->owner, *rule->owner && *rule->reason ? ": " : "", rule->reason);
	write_use(arena, stat_of(stats, rule), now_s, out);
}

/* --- what is odd ------------------------------------------------------------------------------------------------------------ */

static const struct as_condition *find(const struct as_rule *rule, enum as_condition_id id)
{
	for (size_t i = 0; i < rule->count; i++)
		if (rule->conditions[i].id == id)
			return &rule->conditions[i];
	return NULL;
}

static bool is_all(const struct as_rule *rule, int64_t now_s)
{
	return !rule->is_report_only && rule->percent == 100 && !as_rule_is_expired(rule, now_s);
}

/* Does every message of `late` belong to `early`? Then each condition of `early` contains the one of its kind in `late`. */
static bool shadows(const struct as_rule *early, const struct as_rule *late)
{
	for (size_t i = 0; i < early->count; i++) {
		const struct as_condition *narrow = find(late, early->conditions[i].id);
		if (!narrow || !as_condition_covers(&early->conditions[i], narrow))
			return false;
	}
	return true;
}

/* The earlier rule that leaves nothing for this one, or NULL. */
static const struct as_rule *shadow_of(const struct as_rules *rules, const struct as_rule *late, int64_t now_s)
{
	for (const struct as_rule *early = rules->list; early < late; early++)
		if (is_all(early, now_s) && shadows(early, late))
			return early;
	return NULL;
}

static struct as_condition trusted_clients(const struct as_settings *settings)
{
	return (struct as_condition){
		.id = AS_IF_CLIENT, .network_count = settings->trusted_network_count, .networks = settings->trusted_networks,
	};
}

static bool is_all_trusted(const struct as_settings *settings, const struct as_rule *rule)
{
	const struct as_condition trusted = trusted_clients(settings), *client = find(rule, AS_IF_CLIENT);
	return client && as_condition_covers(&trusted, client);
}

static void write_unreachable(const struct as_settings *settings, int64_t now_s, FILE *out)
{
	const struct as_rules *rules = settings->rules;
	for (const struct as_rule *rule = rules->list; rule < rules->list + rules->count; rule++) {
		const struct as_rule *shadow = shadow_of(rules, rule, now_s);
		if (shadow)
			fprintf(out, "unreachable: rule %s, since rule %s takes all its messages\n", rule->name, shadow->name);
		if (is_all_trusted(settings, rule))
			fprintf(out, "unreachable: rule %s, since its clients are in trusted-networks\n", rule->name);
		const char *section;
		const struct as_condition *blind = as_rule_blind(rule, settings, &section); /* only in a shadow */
		if (blind && section)
			fprintf(out, "unreachable: rule %s, since %s is not looked at while %s.enable = false\n", rule->name,
				blind->id == AS_IF_CLIENT ? "the name of a client" : as_condition_name(blind->id), section);
	}
}

/* One contains the other. */
static bool overlap(const struct as_network *a, const struct as_network *b)
{
	return a->bits <= b->bits ? as_network_has(a, &b->ip) : as_network_has(b, &a->ip);
}

static void write_overlap(struct as_arena *arena, const char *name, const struct as_condition *condition, const char *other_name,
			  const struct as_network *others, size_t count, FILE *out)
{
	for (size_t i = 0; i < condition->network_count; i++)
		for (size_t j = 0; j < count; j++)
			if (overlap(&condition->networks[i], &others[j]))
				fprintf(out, "overlap: %s of rule %s and %s of %s\n", network_text(arena, &condition->networks[i]), name,
					network_text(arena, &others[j]), other_name);
}

/* trusted-networks come before the rules: inside of them a rule sees nothing. */
static void write_networks(struct as_arena *arena, const struct as_settings *settings, FILE *out)
{
	const struct as_rules *rules = settings->rules;
	const struct as_condition trusted = trusted_clients(settings);
	for (size_t i = 0; i < rules->count; i++) {
		const struct as_rule *rule = &rules->list[i];
		const struct as_condition *client = find(rule, AS_IF_CLIENT);
		if (!client)
			continue;
		if (!is_all_trusted(settings, rule))
			write_overlap(arena, rule->name, client, "trusted-networks", trusted.networks, trusted.network_count, out);
		for (size_t j = 0; j < i; j++) {
			const struct as_condition *other = find(&rules->list[j], AS_IF_CLIENT);
			if (other)
				write_overlap(arena, rule->name, client, as_printf(arena, "rule %s", rules->list[j].name), other->networks,
					      other->network_count, out);
		}
	}
}

static bool decides(const struct as_settings *settings, const struct as_rule *rule, int64_t now_s)
{
	const char *section;
	return !rule->is_report_only && rule->percent && !as_rule_is_expired(rule, now_s) && !is_all_trusted(settings, rule) &&
	       !shadow_of(settings->rules, rule, now_s) && !as_rule_blind(rule, settings, &section);
}

static void write_list(const struct as_settings *settings, const char *title, bool wants_tags, int64_t now_s, FILE *out)
{
	const struct as_rules *rules = settings->rules;
	const char *separator = " ";
	fprintf(out, "%s:", title);
	for (const struct as_rule *rule = rules->list; rule < rules->list + rules->count; rule++) {
		bool is_wanted = wants_tags ? rule->verb == AS_VERB_TAG : rule->verb > AS_VERB_TAG;
		if (!is_wanted || !decides(settings, rule, now_s))
			continue;
		fprintf(out, "%s%s (%s)", separator, rule->name, as_verb_name(rule->verb));
		separator = "; ";
	}
	fputs(*separator == ' ' ? " nothing\n" : "\n", out);
}

void as_rules_write(const struct as_settings *settings, const struct as_rule_stats *stats, int64_t now_s, FILE *out)
{
	const struct as_rules *rules = settings->rules;
	if (!rules)
		return;
	struct as_arena *arena = as_arena_new();
	fputs("RULES, the first that matches decides; the table below is for messages that none takes\n", out);
	for (size_t i = 0; i < rules->count; i++)
		write_rule(arena, rules, stats, i, now_s, out);
	write_unreachable(settings, now_s, out);
	write_unused(arena, rules, stats, now_s, out);
	write_networks(arena, settings, out);
	write_list(settings, "Enforced by rules", false, now_s, out);
	write_list(settings, "Tagged by rules", true, now_s, out);
	as_arena_free(arena);
}

/* --- what a shadow changes -------------------------------------------------------------------------------------------------- */

static const struct as_rule *find_rule(const struct as_rules *rules, const char *name)
{
	for (size_t i = 0; rules && i < rules->count; i++)
		if (strcmp(rules->list[i].name, name) == 0)
			return &rules->list[i];
	return NULL;
}

static bool decides_alike(struct as_arena *arena, const struct as_rules *a_rules, const struct as_rule *a, const struct as_rules *b_rules,
			  const struct as_rule *b)
{
	return a->verb == b->verb && a->is_report_only == b->is_report_only && a->percent == b->percent && a->expires_s == b->expires_s &&
	       strcmp(a->reply, b->reply) == 0 &&
	       strcmp(conditions_text(arena, a_rules, a), conditions_text(arena, b_rules, b)) == 0;
}

/* Do the rules that both have stand in one order? */
static bool has_same_order(const struct as_rules *a, const struct as_rules *b)
{
	const struct as_rule *last = NULL;
	for (size_t i = 0; a && i < a->count; i++) {
		const struct as_rule *other = find_rule(b, a->list[i].name);
		if (other && last && other < last)
			return false;
		last = other ? other : last;
	}
	return true;
}

bool as_rules_write_changes(const struct as_settings *settings, FILE *out)
{
	const struct as_rules *held = settings->rules, *tried = settings->shadow.settings->rules;
	struct as_arena *arena = as_arena_new();
	bool has_changes = false;
	for (size_t i = 0; tried && i < tried->count; i++) {
		const struct as_rule *rule = &tried->list[i], *old = find_rule(held, rule->name);
		if (old && decides_alike(arena, held, old, tried, rule))
			continue;
		fprintf(out, "rule %s: %s\n", rule->name, old ? "changed" : "new");
		has_changes = true;
	}
	for (size_t i = 0; held && i < held->count; i++) {
		if (find_rule(tried, held->list[i].name))
			continue;
		fprintf(out, "rule %s: gone\n", held->list[i].name);
		has_changes = true;
	}
	if (!has_same_order(held, tried)) {
		fputs("rules: in another order\n", out);
		has_changes = true;
	}
	as_arena_free(arena);
	return has_changes;
}
