/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_parse.c - from the values of a rule block to what rule_match.c searches; what a rule must not be.
 *
 * An exemption that stands on what a sender merely claims would let everybody in who makes the same claim. So a rule that accepts or
 * tags what the built-in table would treat more strictly has to name something that was authenticated.
 */
#include "config.h"

#include "rule.h"

#include "policy.h"
#include "reply.h"
#include "settings_table.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

struct compiler {
	struct as_arena *arena;
	const struct as_settings *settings;
	const struct as_rule_text *text; /* the rule at hand */
	struct as_rules *rules;
	const char **detail;
};

static enum as_err refuse(const struct compiler *c, enum as_err err, const char *format, ...) __attribute__((format(printf, 3, 4)));
static enum as_err refuse(const struct compiler *c, enum as_err err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *words = as_vprintf(c->arena, format, args);
	va_end(args);
	*c->detail = as_printf(c->arena, "rule \"%s\": %s", c->text->name, words);
	return err;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_of(const char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

static const char *const *sorted(struct as_arena *arena, const char *const *list, size_t count)
{
	const char **copy = as_alloc_array(arena, count, sizeof *copy);
	for (size_t i = 0; i < count; i++)
		copy[i] = list[i];
	qsort(copy, count, sizeof *copy, compare_texts);
	return copy;
}

/* --- values ------------------------------------------------------------------------------------------------------------- */

static const struct as_name_code *words_of(enum as_condition_id id)
{
	const struct as_keyword *row = as_keywords;
	while (strcmp(row->section, "rule") != 0 || strcmp(row->name, as_condition_name(id)) != 0)
		row++;
	return row->words;
}

static void set_words(const struct compiler *c, struct as_condition *condition, const char *const *values)
{
	(void)c;
	for (; *values; values++)
		condition->bits |= (uint32_t)1 << as_table_code(words_of(condition->id), *values, strlen(*values), 0);
}

static void set_names(const struct compiler *c, struct as_condition *condition, const char *const *values)
{
	condition->names = sorted(c->arena, values, condition->count);
}

/* What is no network is a name, checked where it was given. */
static void set_clients(const struct compiler *c, struct as_condition *condition, const char *const *values)
{
	size_t names = 0;
	struct as_network *networks = as_alloc_array(c->arena, condition->count, sizeof *networks);
	const char **list = as_alloc_array(c->arena, condition->count, sizeof *list);
	for (size_t i = 0; i < condition->count; i++) {
		if (as_network_parse(values[i], &networks[condition->network_count]) == AS_OK)
			condition->network_count++;
		else
			list[names++] = values[i];
	}
	condition->networks = networks;
	condition->count = names;
	condition->names = sorted(c->arena, list, names);
}

/* "<1024" and ">1024", in bytes. */
static void set_ranges(const struct compiler *c, struct as_condition *condition, const char *const *values)
{
	struct as_range *ranges = as_alloc_array(c->arena, condition->count, sizeof *ranges);
	for (size_t i = 0; i < condition->count; i++) {
		int64_t bytes = strtoll(values[i] + 1, NULL, 10);
		ranges[i] = values[i][0] == '<' ? (struct as_range){ 0, bytes - 1 } : (struct as_range){ bytes + 1, INT64_MAX };
	}
	condition->ranges = ranges;
}

static void set_fields(const struct compiler *c, struct as_condition *condition, const char *const *values)
{
	size_t *fields = as_alloc_array(c->arena, condition->count, sizeof *fields);
	for (size_t i = 0; i < condition->count; i++) {
		const char *const *found = bsearch(&values[i], c->rules->fields, c->rules->field_count, sizeof values[i], compare_texts);
		fields[i] = (size_t)(found - c->rules->fields);
	}
	condition->fields = fields;
}

/* How each condition is stored, and what has to be collected for it. */
static const struct {
	void (*set)(const struct compiler *c, struct as_condition *condition, const char *const *values);
	unsigned needs;
} forms[AS_CONDITIONS] = {
	[AS_IF_AUTHENTICATED] = { set_words, 0 },   [AS_IF_SPF] = { set_words, 0 },
	[AS_IF_SPF_HELO] = { set_words, 0 },        [AS_IF_DKIM] = { set_words, 0 },
	[AS_IF_ARC] = { set_words, 0 },             [AS_IF_DMARC] = { set_words, 0 },
	[AS_IF_DMARC_POLICY] = { set_words, 0 },    [AS_IF_DNSSEC] = { set_words, 0 },
	[AS_IF_IPREV] = { set_words, 0 },
	[AS_IF_SIZE] = { set_ranges, AS_NEEDS_SIZE }, [AS_IF_FROM_DOMAIN] = { set_names, 0 },
	[AS_IF_DISPLAY_NAME] = { set_names, AS_NEEDS_NAME },
	[AS_IF_ENVELOPE_DOMAIN] = { set_names, 0 }, [AS_IF_HELO] = { set_names, 0 },
	[AS_IF_ARC_SEALER] = { set_names, 0 },      [AS_IF_LIST_ID] = { set_names, AS_NEEDS_LIST },
	[AS_IF_DKIM_DOMAIN] = { set_names, 0 },     [AS_IF_CLIENT] = { set_clients, 0 },
	[AS_IF_TLS] = { set_names, 0 },             [AS_IF_HEADER] = { set_fields, AS_NEEDS_HEADER },
	[AS_IF_RECIPIENT] = { set_names, AS_NEEDS_RECIPIENTS },
	[AS_IF_RECIPIENT_DOMAIN] = { set_names, AS_NEEDS_RECIPIENTS },
};

/* The names of all header-present, each once. */
static void collect_fields(struct compiler *c, const struct as_rule_text *texts, size_t count)
{
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < count; i++)
		n += count_of(texts[i].of[AS_IF_HEADER]);
	const char **all = as_alloc_array(c->arena, n, sizeof *all);
	n = 0;
	for (size_t i = 0; i < count; i++)
		for (const char **name = texts[i].of[AS_IF_HEADER]; name && *name; name++)
			all[n++] = *name;
	qsort(all, n, sizeof *all, compare_texts);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(all[kept - 1], all[i]) != 0)
			all[kept++] = all[i];
	c->rules->fields = all;
	c->rules->field_count = kept;
}

/* --- what a rule must not be ---------------------------------------------------------------------------------------------- */

static const struct as_condition *find(const struct as_rule *rule, enum as_condition_id id)
{
	for (size_t i = 0; i < rule->count; i++)
		if (rule->conditions[i].id == id)
			return &rule->conditions[i];
	return NULL;
}

/* Can the rule match this code of this method? */
static bool allows(const struct as_rule *rule, enum as_condition_id id, int code)
{
	const struct as_condition *c = find(rule, id);
	return !c || (c->bits & (uint32_t)1 << code);
}

static bool demands(const struct as_rule *rule, enum as_condition_id id, int code)
{
	const struct as_condition *c = find(rule, id);
	return c && c->bits == (uint32_t)1 << code;
}

/* The strictest action of the built-in table for a message that the rule matches. */
static enum as_verb table_verb(const struct as_settings *s, const struct as_rule *rule)
{
	const struct { bool is_on; enum as_condition_id id; int code; enum as_verb verb; } rows[] = {
		{ s->dmarc.enable, AS_IF_DMARC, AS_TEMPERROR, s->dmarc.on_temperror },
		{ s->dmarc.enable, AS_IF_DMARC, AS_PERMERROR, s->dmarc.on_permerror },
		{ s->dmarc.enable && !find(rule, AS_IF_FROM_DOMAIN), AS_IF_DMARC, AS_PERMERROR, s->dmarc.on_malformed_from },
		{ s->dmarc.enable && allows(rule, AS_IF_DMARC, AS_FAIL), AS_IF_DMARC_POLICY, AS_DMARC_REJECT, s->dmarc.on_reject },
		{ s->dmarc.enable && allows(rule, AS_IF_DMARC, AS_FAIL), AS_IF_DMARC_POLICY, AS_DMARC_QUARANTINE, s->dmarc.on_quarantine },
		{ s->dmarc.enable && allows(rule, AS_IF_DMARC, AS_FAIL), AS_IF_DMARC_POLICY, AS_DMARC_NONE, s->dmarc.on_none_fail },
		{ s->spf.enable, AS_IF_SPF, AS_FAIL, s->spf.on_fail },
		{ s->spf.enable, AS_IF_SPF, AS_SOFTFAIL, s->spf.on_softfail },
		{ s->spf.enable, AS_IF_SPF, AS_TEMPERROR, s->spf.on_temperror },
		{ s->spf.enable, AS_IF_SPF, AS_PERMERROR, s->spf.on_permerror },
		{ s->dkim.enable, AS_IF_DKIM, AS_FAIL, s->dkim.on_fail },
		{ s->dkim.enable, AS_IF_DKIM, AS_POLICY, s->dkim.on_fail },
		{ s->dkim.enable, AS_IF_DKIM, AS_NONE, s->dkim.on_none },
		{ s->dkim.enable, AS_IF_DKIM, AS_TEMPERROR, s->dkim.on_temperror },
		{ s->iprev.enable, AS_IF_IPREV, AS_FAIL, s->iprev.on_fail },
		{ s->iprev.enable, AS_IF_IPREV, AS_PERMERROR, s->iprev.on_permerror },
		{ s->iprev.enable, AS_IF_IPREV, AS_TEMPERROR, s->iprev.on_temperror },
	};
	enum as_verb most = AS_VERB_ACCEPT;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].is_on && rows[i].verb > most && allows(rule, rows[i].id, rows[i].code))
			most = rows[i].verb;
	return most;
}

/* A passing SPF says something of the envelope's domain alone, a passing DMARC of the author's. */
static bool is_authentic(const struct as_rule *rule)
{
	return find(rule, AS_IF_CLIENT) || find(rule, AS_IF_DKIM_DOMAIN) || find(rule, AS_IF_ARC_SEALER) || find(rule, AS_IF_LIST_ID) ||
	       demands(rule, AS_IF_AUTHENTICATED, true) || demands(rule, AS_IF_DMARC, AS_PASS) ||
	       (demands(rule, AS_IF_SPF, AS_PASS) && find(rule, AS_IF_ENVELOPE_DOMAIN)) ||
	       (demands(rule, AS_IF_SPF_HELO, AS_PASS) && find(rule, AS_IF_HELO));
}

static enum as_err check_exemption(const struct compiler *c, const struct as_rule *rule)
{
	static const enum as_condition_id claims[] = { AS_IF_FROM_DOMAIN, AS_IF_DISPLAY_NAME, AS_IF_ENVELOPE_DOMAIN, AS_IF_HELO,
							 AS_IF_HEADER };
	const struct as_condition *claim = NULL;
	for (size_t i = 0; i < sizeof claims / sizeof *claims && !claim; i++)
		claim = find(rule, claims[i]);
	if (!claim || rule->is_report_only || rule->verb > AS_VERB_TAG || is_authentic(rule) || table_verb(c->settings, rule) <= rule->verb)
		return AS_OK;
	return refuse(c, AS_ERR_RANGE,
		      "%s can be claimed by anybody, so action = \"%s\" would let forgeries in; add what proves it: client, dkim-domain, "
		      "spf = \"pass\" with envelope-domain, spf-helo = \"pass\" with helo, arc-sealer, list-id, dmarc = \"pass\" or "
		      "authenticated = \"true\"",
		      as_condition_name(claim->id), as_verb_name(rule->verb));
}

static enum as_err check_reply(const struct compiler *c, const struct as_rule *rule)
{
	char class = as_reply_class(rule->reply);
	bool refuses = !rule->is_report_only && rule->verb >= AS_VERB_TEMPFAIL;
	if (*rule->reply && !refuses)
		return refuse(c, AS_ERR_RANGE, "reply has no effect without action = \"reject\" or \"tempfail\"");
	char wanted = rule->verb == AS_VERB_REJECT ? '5' : '4';
	if (class && class != wanted)
		return refuse(c, AS_ERR_RANGE, "reply: the code does not fit action = \"%s\", it must begin with %c; or leave the code out",
			      as_verb_name(rule->verb), wanted);
	return AS_OK;
}

const struct as_condition *as_rule_blind(const struct as_rule *rule, const struct as_settings *s, const char **section)
{
	const struct { enum as_condition_id id; bool is_on; const char *section; } rows[] = {
		{ AS_IF_SPF, s->spf.enable, "spf" },           { AS_IF_SPF_HELO, s->spf.enable, "spf" },
		{ AS_IF_DKIM, s->dkim.enable, "dkim" },        { AS_IF_DKIM_DOMAIN, s->dkim.enable, "dkim" },
		{ AS_IF_ARC, s->arc.enable, "arc" },           { AS_IF_ARC_SEALER, s->arc.enable, "arc" },
		{ AS_IF_DMARC, s->dmarc.enable, "dmarc" },     { AS_IF_DMARC_POLICY, s->dmarc.enable, "dmarc" },
		{ AS_IF_IPREV, s->iprev.enable, "iprev" },
		{ AS_IF_AUTHENTICATED, !s->skip_authenticated || !allows(rule, AS_IF_AUTHENTICATED, true), NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct as_condition *condition = rows[i].is_on ? NULL : find(rule, rows[i].id);
		*section = rows[i].section;
		if (condition)
			return condition;
	}
	*section = "iprev";
	const struct as_condition *client = find(rule, AS_IF_CLIENT); /* names have to be confirmed */
	return client && !client->network_count && !s->iprev.enable ? client : NULL;
}

static enum as_err check_methods(const struct compiler *c, const struct as_rule *rule)
{
	const char *section;
	const struct as_condition *client = find(rule, AS_IF_CLIENT);
	if (client && client->count && !c->settings->iprev.enable)
		return refuse(c, AS_ERR_RANGE, "client = \"%s\": a name has to be confirmed; set iprev.enable = true, or write the network",
			      client->names[0]);
	const struct as_condition *blind = as_rule_blind(rule, c->settings, &section);
	if (blind && !section)
		return refuse(c, AS_ERR_RANGE, "authenticated clients do not come to rules unless skip-authenticated = false");
	if (blind)
		return refuse(c, AS_ERR_RANGE, "%s never matches while %s.enable = false", as_condition_name(blind->id), section);
	return AS_OK;
}

static enum as_err check_name(const struct compiler *c)
{
	const char *name = c->text->name;
	size_t n = strlen(name);
	for (const char *at = name; *at; at++)
		if (!as_is_alnum(*at) && !strchr("-_.", *at))
			n = 0;
	if (n == 0 || n > 64)
		return refuse(c, AS_ERR_SYNTAX,
			      "the name must be 1 to 64 letters, digits, \"-\", \"_\" or \".\"; it stands in log and header");
	if (as_policy_has_row(name))
		return refuse(c, AS_ERR_RANGE, "the name is that of a row of the built-in table; take another one");
	return AS_OK;
}

/* --- a rule ----------------------------------------------------------------------------------------------------------------- */

static void set_conditions(const struct compiler *c, struct as_rule *rule)
{
	struct as_condition *conditions = as_alloc_array(c->arena, AS_CONDITIONS, sizeof *conditions);
	for (size_t id = 0; id < AS_CONDITIONS; id++) {
		const char **values = c->text->of[id];
		if (!values || !*values)
			continue;
		struct as_condition *condition = &conditions[rule->count++];
		condition->id = (enum as_condition_id)id;
		condition->count = count_of(values);
		forms[id].set(c, condition, values);
		c->rules->needs |= forms[id].needs;
		if (id < AS_IF_RECIPIENT)
			rule->recipient_at = rule->count;
	}
	rule->conditions = conditions;
}

static enum as_err compile(const struct compiler *c, struct as_rule *rule)
{
	const struct as_rule_text *text = c->text;
	*rule = (struct as_rule){
		.name = text->name,
		.verb = text->action == AS_ACTION_REPORT_ONLY ? AS_VERB_ACCEPT : (enum as_verb)text->action,
		.is_report_only = text->action == AS_ACTION_REPORT_ONLY,
		.reply = text->reply,
		.percent = (unsigned)text->percent,
		.salt = as_rule_hash(text->name),
		.expires_s = text->expires_s,
		.owner = text->owner,
		.reason = text->reason,
	};
	set_conditions(c, rule);
	c->rules->needs |= rule->percent < 100 ? AS_NEEDS_SAMPLE : 0;
	enum as_err err = check_name(c);
	if (!err && rule->count == 0)
		err = refuse(c, AS_ERR_RANGE,
			     "it has no condition and would decide about every message; add one, such as client or from-domain");
	if (!err)
		err = check_reply(c, rule);
	if (!err)
		err = check_methods(c, rule);
	return err ? err : check_exemption(c, rule);
}

enum as_err as_rules_compile(struct as_arena *arena, const struct as_settings *settings, const struct as_rule_text *texts, size_t count,
			     const struct as_rules **rules, size_t *which, const char **detail)
{
	struct as_rules *made = as_alloc(arena, sizeof *made);
	struct as_rule *list = as_alloc_array(arena, count, sizeof *list);
	struct compiler c = { .arena = arena, .settings = settings, .rules = made, .detail = detail };
	collect_fields(&c, texts, count);
	for (*which = 0; *which < count; ++*which) {
		c.text = &texts[*which];
		enum as_err err = compile(&c, &list[*which]);
		if (err)
			return err;
		list[*which].fingerprint = as_rule_fingerprint(made, &list[*which]);
	}
	made->count = count;
	made->list = list;
	*rules = made;
	return AS_OK;
}
