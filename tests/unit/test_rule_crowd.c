/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rule_crowd.c - rules that look at recipients, drawn at random, against the plain search: every rule at every recipient. */
#include "config.h"

#include "policy.h"
#include "rule.h"
#include "str.h"

#include "test.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ROUNDS = 2500, MESSAGES = 4, MOST_RULES = 8, MOST_RECIPIENTS = 60 };

/* Ends of each other, with and without a dot between. */
static const char *const domains[] = {
	"example", "a.example", "b.a.example", "c.b.a.example", "ba.example", "xa.example", "a.b.example", "b.example", "com", "a.com", "example.com",
	"a.example.com",
};
enum { DOMAINS = sizeof domains / sizeof *domains, USERS = 5 };

static uint64_t seed;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(seed >> 33) % n;
}

static void add_list(struct as_buf *out, const char *keyword, bool is_address, unsigned count)
{
	as_buf_printf(out, " %s = {", keyword);
	for (unsigned i = 0; i < count; i++) {
		const char *domain = domains[draw(DOMAINS)];
		if (is_address)
			as_buf_printf(out, "%s'u%u@%s'", i ? ", " : "", draw(USERS), domain);
		else
			as_buf_printf(out, "%s'%s%s'", i ? ", " : "", draw(2) ? "." : "", domain);
	}
	as_buf_puts(out, "}");
}

static void add_rule(struct as_buf *out, unsigned number)
{
	static const char *const actions[] = { "accept", "tag", "quarantine", "tempfail", "reject", "report-only", "report-only" };
	unsigned kind = draw(8), size = draw(4) ? 1 + draw(4) : 20 + draw(80);
	as_buf_printf(out, "rule r%u { action = %s", number, actions[draw(sizeof actions / sizeof *actions)]);
	if (kind < 4 || kind == 6)
		add_list(out, "recipient-domain", false, size);
	if (kind >= 3 && kind < 7)
		add_list(out, "recipient", true, size);
	if (kind == 7)
		as_buf_puts(out, draw(2) ? " client = 192.0.2.0/24" : " client = 198.51.100.0/24");
	as_buf_puts(out, " }\n");
}

static size_t draw_recipients(struct as_arena *arena, struct as_recipient list[MOST_RECIPIENTS])
{
	size_t count = draw(4) ? draw(6) : draw(MOST_RECIPIENTS + 1);
	for (size_t i = 0; i < count; i++) {
		const char *address = as_printf(arena, "u%u@%s", draw(USERS), domains[draw(DOMAINS)]);
		/* one that does not parse has no domain, whatever it looks like */
		list[i] = (struct as_recipient){ address, draw(8) ? strchr(address, '@') + 1 : "" };
	}
	return count;
}

/* The plain search. */
static bool fulfils(const struct as_rule *rule, const struct as_recipient *r)
{
	for (size_t i = rule->recipient_at; i < rule->count; i++) {
		const struct as_condition *c = &rule->conditions[i];
		if (c->id == AS_IF_RECIPIENT ? !as_text_is_in(c->names, c->count, r->address) : !as_pattern_has(c->names, c->count, r->domain))
			return false;
	}
	return true;
}

static bool is_better(enum as_verb new, enum as_verb old, bool wants_mildest)
{
	return wants_mildest ? new < old : new > old;
}

static struct as_rule_choice search(const struct as_rules *rules, const struct as_facts *f, enum as_verb table, bool wants_mildest)
{
	bool taken[MOST_RECIPIENTS + 1] = { false };
	bool has_crowd = rules->needs & AS_NEEDS_RECIPIENTS && f->recipient_count;
	size_t count = has_crowd ? f->recipient_count : 1, left = count;
	struct as_rule_choice choice = { .rule = NULL };
	for (const struct as_rule *rule = rules->list; rule < rules->list + rules->count && left; rule++) {
		size_t found = 0;
		if (rule->conditions[0].id == AS_IF_CLIENT && !as_network_has(rule->conditions[0].networks, &f->client))
			continue;
		for (size_t i = 0; i < count; i++) {
			bool looks = rule->recipient_at < rule->count;
			if (taken[i] || (looks && (!has_crowd || !fulfils(rule, &f->recipients[i]))))
				continue;
			found++;
			if (rule->is_report_only)
				continue;
			taken[i] = true;
			left--;
		}
		if (found && rule->is_report_only) {
			choice.noted = choice.noted ? choice.noted : rule;
			choice.noted_count++;
		} else if (found) {
			choice.rule = !choice.rule || is_better(rule->verb, choice.rule->verb, wants_mildest) ? rule : choice.rule;
		}
	}
	if (choice.rule && left && is_better(table, choice.rule->verb, wants_mildest))
		choice.rule = NULL;
	return choice;
}

static const char *name_of(const struct as_rule *rule)
{
	return rule ? rule->name : "-";
}

/* recipients without number: with as many as there are, the same decision */
static void test_against_plain_search(void **state)
{
	(void)state;
	size_t decided = 0, noted = 0, mixed = 0;
	for (unsigned round = 1; round <= ROUNDS; round++) {
		seed = round;
		struct as_arena *arena = as_arena_new();
		struct as_buf text = as_buf_new(arena);
		const struct as_settings *settings = NULL;
		const char *detail = NULL;
		unsigned count = 1 + draw(MOST_RULES);
		for (unsigned i = 0; i < count; i++)
			add_rule(&text, i);
		if (as_settings_parse(arena, "t", text.text, &settings, &detail) != AS_OK)
			fail_msg("%s%s", text.text, detail);
		for (unsigned i = 0; i < MESSAGES; i++) {
			struct as_recipient list[MOST_RECIPIENTS];
			struct as_facts facts = { .client = { .family = 4, .bytes = { 192, 0, 2, 1 } }, .recipients = list };
			struct as_rule_choice is;
			facts.recipient_count = draw_recipients(arena, list);
			enum as_verb table = (enum as_verb)draw(AS_VERB_REJECT + 1);
			bool wants_mildest = draw(2);
			struct as_rule_choice want = search(settings->rules, &facts, table, wants_mildest);
			as_rules_choose(arena, settings->rules, &facts, table, wants_mildest, &is);
			if (is.rule != want.rule || is.noted != want.noted || is.noted_count != want.noted_count)
				fail_msg("round %u: %s%zu recipients: %s noted %s %zu, not %s noted %s %zu", round, text.text,
					 facts.recipient_count, name_of(is.rule), name_of(is.noted), is.noted_count, name_of(want.rule),
					 name_of(want.noted), want.noted_count);
			decided += is.rule != NULL;
			noted += is.noted_count > 0;
			mixed += is.rule && is.noted_count && facts.recipient_count > 8;
		}
		as_arena_free(arena);
	}
	/* the drawing covers what it is meant to */
	assert_true(decided > ROUNDS && noted > ROUNDS && mixed > ROUNDS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_plain_search) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
