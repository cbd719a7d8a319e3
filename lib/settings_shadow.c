/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_shadow.c - a second configuration tried beside the one in force: what of it takes part, what cannot, what differs.
 *
 * What a decision is made of can be tried on the same facts. What the facts are made of cannot: lookups, limits, methods. Values are
 * compared as the text that they would have in a file.
 */
#include "config.h"

#include "settings_shadow.h"

#include "rule.h"
#include "settings_table.h"
#include "str.h"

#include <string.h>

/* --- values as text ------------------------------------------------------------------------------------------------------- */

static const char *quoted(struct as_arena *arena, const char *text)
{
	return as_printf(arena, "\"%s\"", as_escape(arena, text, strlen(text), 400));
}

static const char *list_of_names(struct as_arena *arena, const char *const *names)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; names && names[i]; i++)
		as_buf_printf(&out, "%s%s", i ? ", " : "", quoted(arena, names[i]));
	return as_printf(arena, "{%s}", out.text);
}

static const char *list_of_networks(struct as_arena *arena, const struct as_network *networks, size_t count)
{
	char address[AS_IP_TEXT];
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < count; i++)
		as_buf_printf(&out, "%s\"%s/%u\"", i ? ", " : "", as_ip_text(&networks[i].ip, address), networks[i].bits);
	return as_printf(arena, "{%s}", out.text);
}

/* base: the struct that the row's offset is in. */
static const char *text_of(struct as_arena *arena, const struct as_keyword *row, const void *base)
{
	const char *field = (const char *)base + row->offset;
	switch (row->kind) {
	case AS_KIND_BOOL:
		return *(const bool *)field ? "true" : "false";
	case AS_KIND_COUNT:
	case AS_KIND_SIZE:
	case AS_KIND_SECONDS:
	case AS_KIND_DATE:
		return as_printf(arena, "%lld", (long long)*(const int64_t *)field);
	case AS_KIND_MILLISECONDS:
		return as_printf(arena, "\"%lldms\"", (long long)*(const int64_t *)field);
	case AS_KIND_WORD:
	case AS_KIND_ACTION:
		return quoted(arena, as_table_name(row->words, *(const int *)field));
	case AS_KIND_MODE:
		return as_printf(arena, "\"%04o\"", (unsigned)*(const mode_t *)field);
	case AS_KIND_CHOICE:
	case AS_KIND_ID:
	case AS_KIND_NAME:
	case AS_KIND_FILE:
	case AS_KIND_SOCKET:
	case AS_KIND_REPLY:
	case AS_KIND_URL:
	case AS_KIND_TEXT:
		return quoted(arena, *(const char *const *)field);
	case AS_KIND_NETWORKS:
		return list_of_networks(arena, *(const struct as_network *const *)field,
					*(const size_t *)((const char *)base + row->count));
	case AS_KIND_SERVERS:
	case AS_KIND_DOMAINS:
	case AS_KIND_WORDS:
	case AS_KIND_PATTERNS:
	case AS_KIND_CLIENTS:
	case AS_KIND_LIMITS:
	case AS_KIND_FIELDS:
	case AS_KIND_ADDRESSES:
	case AS_KIND_TEXTS:
	case AS_KIND_NAMES:
		return list_of_names(arena, *(const char *const *const *)field);
	}
	return "";
}

/* A block with a title, but for the actions in it. */
static void add_block(struct as_buf *out, const char *section, const char *title, const void *base)
{
	as_buf_puts(out, title);
	for (const struct as_keyword *row = as_keywords; row->name; row++)
		if (strcmp(row->section, section) == 0 && strncmp(row->name, "on-", 3) != 0)
			as_buf_printf(out, " %s = %s", row->name, text_of(out->arena, row, base));
	as_buf_putc(out, '\n');
}

static const char *stubs_text(struct as_arena *arena, const struct as_settings *settings)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < settings->dns.stub_count; i++)
		add_block(&out, "stub", settings->dns.stubs[i].zone, &settings->dns.stubs[i]);
	return out.text;
}

static const char *relays_text(struct as_arena *arena, const struct as_settings *settings)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < settings->relay_count; i++)
		add_block(&out, "relay", settings->relays[i].name, &settings->relays[i]);
	return out.text;
}

static const char *name_of(struct as_arena *arena, const struct as_keyword *row)
{
	return *row->section ? as_printf(arena, "%s.%s", row->section, row->name) : row->name;
}

/* --- which values take part ------------------------------------------------------------------------------------------------ */

/* There is one such value, and it is not where the shadow itself is. */
static bool is_simple(const struct as_keyword *row)
{
	const struct as_section *section = as_sections;
	while (strcmp(section->name, row->section) != 0)
		section++;
	return !section->title && strcmp(row->name, "shadow-configuration") != 0;
}

bool as_keyword_decides(const struct as_keyword *row)
{
	bool is_text = row->kind == AS_KIND_REPLY || row->kind == AS_KIND_URL;
	return is_simple(row) && (row->decides || is_text || strncmp(row->name, "on-", 3) == 0);
}

static size_t size_of(enum as_kind kind)
{
	return kind == AS_KIND_BOOL ? sizeof(bool) : kind == AS_KIND_WORD ? sizeof(int) : sizeof(void *);
}

/* Which hosts are relays holds as it is in force, what is done instead of a rejection is tried. One for each of active->relays. */
static struct as_relay *join_relays(struct as_arena *arena, const struct as_settings *active, const struct as_settings *next)
{
	struct as_relay *relays = as_alloc_array(arena, active->relay_count, sizeof *relays);
	for (size_t i = 0; i < active->relay_count; i++) {
		relays[i] = active->relays[i];
		for (size_t j = 0; j < next->relay_count; j++)
			if (strcmp(next->relays[j].name, relays[i].name) == 0)
				relays[i].on_reject = next->relays[j].on_reject;
	}
	return relays;
}

static void take_decisions(struct as_settings *shadow, const struct as_settings *next)
{
	for (const struct as_keyword *row = as_keywords; row->name; row++) {
		if (!as_keyword_decides(row))
			continue;
		memcpy((char *)shadow + row->offset, (const char *)next + row->offset, size_of(row->kind));
		if (row->kind == AS_KIND_NETWORKS)
			memcpy((char *)shadow + row->count, (const char *)next + row->count, sizeof(size_t));
	}
	shadow->rules = next->rules;
	shadow->translations = next->translations;
	shadow->translation_count = next->translation_count;
}

/* One line about every other value that is given and not the one in force, and one about all that are not given. */
static const char *const *make_remarks(struct as_arena *arena, const struct as_settings *active, const struct as_settings *next)
{
	size_t n = 0, most = 4; /* what is not given, stubs, relays, and the end */
	for (const struct as_keyword *row = as_keywords; row->name; row++)
		most++;
	const char **remarks = as_alloc_array(arena, most, sizeof *remarks);
	struct as_buf defaults = as_buf_new(arena);
	for (const struct as_keyword *row = as_keywords; row->name; row++) {
		if (!is_simple(row) || as_keyword_decides(row))
			continue;
		const char *wanted = text_of(arena, row, next), *held = text_of(arena, row, active);
		int line = next->lines[row - as_keywords];
		if (strcmp(wanted, held) == 0)
			continue;
		if (line)
			remarks[n++] = as_printf(arena, "%s:%d: %s = %s cannot be tried in a shadow, %s in force holds", next->file, line,
						 name_of(arena, row), wanted, held);
		else
			as_buf_printf(&defaults, "%s %s", defaults.length ? "," : "", name_of(arena, row));
	}
	if (defaults.length)
		remarks[n++] = as_printf(arena, "%s: not given, and their defaults cannot be tried, what is in force holds:%s", next->file,
					 defaults.text);
	if (strcmp(stubs_text(arena, next), stubs_text(arena, active)) != 0)
		remarks[n++] = as_printf(arena, "%s: the stubs of dns cannot be tried in a shadow, those in force hold", next->file);
	if (strcmp(relays_text(arena, next), relays_text(arena, active)) != 0)
		remarks[n++] = as_printf(arena, "%s: which hosts are relays cannot be tried in a shadow, those in force are", next->file);
	return remarks;
}

static bool same_value(struct as_arena *arena, const char *section, const char *name, const struct as_settings *a,
		       const struct as_settings *b)
{
	const struct as_keyword *row = as_keywords;
	while (strcmp(row->section, section) != 0 || strcmp(row->name, name) != 0)
		row++;
	return strcmp(text_of(arena, row, a), text_of(arena, row, b)) == 0;
}

/* Everything that method_evidence.c goes by. */
static bool shares_evidence(struct as_arena *arena, const struct as_settings *a, const struct as_settings *b)
{
	unsigned needs_a = a->rules ? a->rules->needs : 0, needs_b = b->rules ? b->rules->needs : 0;
	return (needs_a & AS_NEEDS_LIST) == (needs_b & AS_NEEDS_LIST) &&
	       (a->dmarc.on_proven_list < AS_VERB_REJECT) == (b->dmarc.on_proven_list < AS_VERB_REJECT) &&
	       (a->dmarc.on_forwarder < AS_VERB_REJECT) == (b->dmarc.on_forwarder < AS_VERB_REJECT) &&
	       same_value(arena, "forwarders", "networks", a, b) && same_value(arena, "forwarders", "domains", a, b) &&
	       same_value(arena, "arc", "trusted-sealers", a, b);
}

void as_settings_join(struct as_arena *arena, struct as_settings *active, const struct as_settings *next)
{
	struct as_arena *scratch = as_arena_new();
	struct as_settings *shadow = as_alloc(arena, sizeof *shadow);
	*shadow = *active;
	shadow->file = next->file;
	shadow->lines = next->lines;
	shadow->shadow.settings = NULL;
	take_decisions(shadow, next);
	shadow->relays = join_relays(arena, active, next);
	active->shadow.settings = shadow;
	active->shadow.shares_evidence = shares_evidence(scratch, active, shadow);
	active->shadow.remarks = make_remarks(arena, active, next);
	as_arena_free(scratch);
}

void as_settings_write_changes(const struct as_settings *settings, FILE *out)
{
	const struct as_settings *shadow = settings->shadow.settings;
	struct as_arena *arena = as_arena_new();
	for (const struct as_keyword *row = as_keywords; row->name; row++) {
		if (!as_keyword_decides(row))
			continue;
		const char *wanted = text_of(arena, row, shadow), *held = text_of(arena, row, settings);
		int line = shadow->lines[row - as_keywords];
		if (strcmp(wanted, held) != 0)
			fprintf(out, "%s%s: %s = %s%s, in force is %s\n", shadow->file, line ? as_printf(arena, ":%d", line) : "",
				name_of(arena, row), wanted, line ? "" : ", the default", held);
	}
	for (size_t i = 0; i < settings->relay_count; i++) {
		enum as_verb wanted = shadow->relays[i].on_reject, held = settings->relays[i].on_reject;
		if (wanted != held)
			fprintf(out, "%s: relay %s: on-reject = \"%s\", in force is \"%s\"\n", shadow->file, shadow->relays[i].name,
				as_verb_name(wanted), as_verb_name(held));
	}
	as_arena_free(arena);
}
