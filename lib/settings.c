/* SPDX-License-Identifier: BSD-2-Clause */
/* settings.c - reading the configuration; the only user of libconfuse.
 *
 * To libconfuse every keyword is a string or a list of strings: its own conversions tell neither the line nor what would be right. A
 * value is checked where it stands, while the line is known (check_value), and stored after the whole file was read (fill).
 *
 * libconfuse hands no pointer of ours to its call-backs. Each section therefore begins with a "simple" option, HOOK, whose variable
 * stands in struct loading: context() finds the one from the other. The same option shows what libconfuse does not report, a section
 * that the end of the file cuts off: the text is parsed with "HOOK = x" behind its last line.
 */
#include "config.h"

#include "settings.h"

#include "domain.h"
#include "near.h"
#include "policy.h"
#include "reply.h"
#include "rule.h"
#include "settings_scan.h"
#include "settings_shadow.h"
#include "settings_table.h"
#include "settings_value.h"
#include "str.h"
#include "translation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

#define HOOK "-"
#define FORM "write KEYWORD = VALUE, KEYWORD = {VALUE, VALUE} or SECTION { ... }"
enum { FILE_MAX = 1 << 20, ROWS_MAX = 256, SECTIONS_MAX = 32, TITLE_MAX = 100 };

struct loading {
	char *hook; /* malloc'ed by libconfuse; context() */
	struct as_arena *arena; /* until the end of the loading */
	const char *name;
	const char *detail;
	enum as_err err;
	int last_line;   /* where HOOK stands behind the text */
	bool has_begun;  /* not while libconfuse reads the defaults */
	int lines[ROWS_MAX]; /* where a keyword was given; 0: it was not */
	int rule_line;       /* the first line of the rule at hand */
	int *rule_lines;     /* that of each rule */
	size_t rule_count;
	int *translation_lines; /* where the file of each is named */
	size_t translation_count;
};

static struct loading *context(const cfg_t *cfg)
{
	char *variable = (char *)cfg->opts[0].simple_value.string;
	return (struct loading *)(variable - offsetof(struct loading, hook));
}

static const char *section_of(const cfg_t *cfg)
{
	return strcmp(cfg->name, "root") == 0 ? "" : cfg->name;
}

/* The first error stands: what follows is its consequence. line 0: that of no certain one. */
static void complain_of(struct loading *l, const char *file, int line, enum as_err err, const char *text)
{
	if (l->detail)
		return;
	l->err = err;
	l->detail = line ? as_printf(l->arena, "%s:%d: %s", file, line, text) : as_printf(l->arena, "%s: %s", file, text);
}

static int complain(struct loading *l, int line, enum as_err err, const char *format, ...) __attribute__((format(printf, 4, 5)));
static int complain(struct loading *l, int line, enum as_err err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	complain_of(l, l->name, line, err, as_vprintf(l->arena, format, args));
	va_end(args);
	return -1;
}

/* Sections with a title: several of them, each with keywords of its own. */
static bool is_titled(const char *section)
{
	const struct as_section *s = as_sections;
	while (s->name && strcmp(s->name, section) != 0)
		s++;
	return s->name && s->title;
}

/* What a person calls the keyword: "dns.mode". */
static const char *full_name(struct as_arena *arena, const char *section, const char *name)
{
	return *section ? as_printf(arena, "%s.%s", section, name) : name;
}

static const struct as_keyword *find_row(const char *section, const char *name)
{
	for (const struct as_keyword *row = as_keywords; row->name; row++)
		if (strcmp(row->section, section) == 0 && strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

static int line_of(const struct loading *l, const char *section, const char *name)
{
	return l->lines[find_row(section, name) - as_keywords];
}

/* Where a keyword of that name belongs: in one section, in one of several, or outside of all. NULL: nowhere. */
static const char *homes(struct as_arena *arena, const char *name)
{
	struct as_buf text = as_buf_new(arena);
	bool is_outside = find_row("", name) != NULL;
	const char *last = NULL;
	for (const struct as_section *s = as_sections; s->name; s++) {
		if (!*s->name || !find_row(s->name, name))
			continue;
		if (last)
			as_buf_printf(&text, "%s\"%s\"", text.length ? ", " : "", last);
		last = s->name;
	}
	if (!last)
		return is_outside ? "it belongs outside of all sections" : NULL;
	return as_printf(arena, "it belongs %sinto the section %s%s\"%s\"", is_outside ? "outside of all sections, or " : "",
			 text.length ? text.text : "", text.length ? " or " : "", last);
}

/* The keyword or section nearest to a name that we do not know. One of the same name elsewhere is nearest of all. */
static const char *nearest(struct as_arena *arena, const char *section, const char *name)
{
	struct as_near near = as_near_new(name);
	const char *home = homes(arena, name);
	if (home)
		return home;
	for (const struct as_keyword *row = as_keywords; row->name; row++)
		if (strcmp(row->section, section) == 0)
			as_near_try(&near, row->name);
	for (const struct as_section *s = as_sections; s->name && !*section; s++)
		as_near_try(&near, s->name);
	return as_near_question(arena, &near, "see assay.conf(5) for those that there are");
}

static bool is_rule(const cfg_t *cfg)
{
	return strcmp(section_of(cfg), "rule") == 0;
}

/* Rules and relays are called by their names: there are many. */
static bool is_named(const cfg_t *cfg)
{
	return is_rule(cfg) || strcmp(section_of(cfg), "relay") == 0;
}

/* The title of a section, for people. */
static const char *title_of(struct loading *l, const cfg_t *cfg)
{
	const char *title = cfg_title((cfg_t *)cfg);
	return title ? as_escape(l->arena, title, strlen(title), TITLE_MAX) : "";
}

static int unknown(struct loading *l, const cfg_t *cfg, const char *name)
{
	const char *section = section_of(cfg);
	int line = cfg->line;
	if (strcmp(name, "include") == 0)
		return complain(l, line, AS_ERR_SYNTAX, "files cannot be included; write everything into this one");
	const char *safe = as_escape(l->arena, name, strlen(name), 80);
	const char *where = is_named(cfg) ? as_printf(l->arena, " in %s \"%s\"", section, title_of(l, cfg))
			    : *section   ? as_printf(l->arena, " in section \"%s\"", section)
					 : "";
	return complain(l, line, AS_ERR_SYNTAX, "unknown keyword \"%s\"%s; %s", safe, where, nearest(l->arena, section, name));
}

static void untitled(struct loading *l, const cfg_t *cfg, const char *section)
{
	complain(l, cfg->line, AS_ERR_SYNTAX, "section \"%s\" needs a name: %s \"NAME\" { ... }", section, section);
}

static void titled_twice(struct loading *l, const cfg_t *cfg, const char *title)
{
	complain(l, cfg->line, AS_ERR_SYNTAX, "two sections of a kind have the name \"%s\"; take another one for this",
		 as_escape(l->arena, title, strlen(title), TITLE_MAX));
}

static void refuse_option(struct loading *l, const cfg_t *cfg, const char *name)
{
	unknown(l, cfg, name);
}

/* A word where none can stand. HOOK there is the end of the file: what is open began where the last keyword was given. */
static void misplaced(struct loading *l, const cfg_t *cfg, const char *word)
{
	int line = 0;
	for (size_t i = 0; i < ROWS_MAX; i++)
		line = l->lines[i] > line ? l->lines[i] : line;
	if (cfg->line >= l->last_line)
		complain(l, line ? line : cfg->line - 1, AS_ERR_SYNTAX, "the list that begins here is not closed; a \"}\" is missing");
	else if (strlen(word) == 1)
		complain(l, cfg->line, AS_ERR_SYNTAX, "unexpected \"%s\"; " FORM, as_escape(l->arena, word, 1, TITLE_MAX));
	else
		complain(l, cfg->line, AS_ERR_SYNTAX, "unexpected \"%s\"; is a \",\" or a \"}\" missing before it?",
			 as_escape(l->arena, word, strlen(word), TITLE_MAX));
}

/* libconfuse's own messages. Their words are known for the C locale; in another one they go on as they are. */
static void catch_error(cfg_t *cfg, const char *format, va_list args)
{
	static const struct {
		const char *words; /* a name and a closing quote follow */
		void (*explain)(struct loading *l, const cfg_t *cfg, const char *name);
	} known[] = {
		{ "no such option '", refuse_option },
		{ "missing title for section '", untitled },
		{ "found duplicate title '", titled_twice },
		{ "unexpected token '", misplaced },
	};
	struct loading *l = context(cfg);
	char *text = as_vprintf(l->arena, format, args);
	size_t n = strlen(text);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		size_t words = strlen(known[i].words);
		if (strncmp(text, known[i].words, words) != 0 || n <= words)
			continue;
		text[n - 1] = '\0';
		known[i].explain(l, cfg, text + words);
		return;
	}
	complain(l, cfg->line, AS_ERR_SYNTAX, "%s; " FORM,
		 as_escape(l->arena, text, n, 200));
}

static int check_hook(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct loading *l = context(cfg);
	if (cfg->line != l->last_line)
		return unknown(l, cfg, opt->name);
	if (is_named(cfg))
		return complain(l, cfg->line - 1, AS_ERR_SYNTAX, "%s \"%s\" is not closed; a \"}\" is missing", section_of(cfg),
				title_of(l, cfg));
	if (*section_of(cfg))
		return complain(l, cfg->line - 1, AS_ERR_SYNTAX, "section \"%s\" is not closed; a \"}\" is missing", cfg->name);
	*(const char **)result = value;
	return 0;
}

static const char *keyword_name(struct loading *l, const cfg_t *cfg, const struct as_keyword *row)
{
	if (!is_named(cfg))
		return full_name(l->arena, row->section, row->name);
	return as_printf(l->arena, "%s \"%s\": %s", row->section, title_of(l, cfg), row->name);
}

/* One value, where it stands. libconfuse copies what *result points to. */
static int check_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct loading *l = context(cfg);
	*(const char **)result = value;
	if (!l->has_begun)
		return 0;
	/* "dns|mode = ..." is how libconfuse's own interface writes a path; in a file it would escape the books. */
	const struct as_keyword *row = find_row(section_of(cfg), opt->name);
	if (!row)
		return unknown(l, cfg, opt->name);
	const char *name = keyword_name(l, cfg, row);
	int *line = &l->lines[row - as_keywords];
	bool is_first = !AS_KIND_IS_LIST(row->kind) || opt->nvalues == 1;
	if (*line && is_first)
		return complain(l, cfg->line, AS_ERR_SYNTAX, "%s is given twice; first in line %d", name, *line);
	*line = *line ? *line : cfg->line;
	if (strcmp(row->section, "rule") == 0 && !l->rule_line)
		l->rule_line = cfg->line;
	union { int64_t number; struct as_network network; const char *text; mode_t mode; bool flag; } scratch;
	const char *detail = NULL;
	enum as_err err = as_value_read(l->arena, row, value, &scratch, &detail);
	if (!err)
		return 0;
	return complain(l, cfg->line, err, "%s = \"%s\": %s", name, as_escape(l->arena, value, strlen(value), 100), detail);
}

/* The keywords of the next block are not the same ones given twice. */
static void forget_lines(struct loading *l, const char *section)
{
	for (const struct as_keyword *row = as_keywords; row->name; row++)
		if (strcmp(row->section, section) == 0)
			l->lines[row - as_keywords] = 0;
}

/* At the end of a stub. */
static int check_stub(cfg_t *cfg, cfg_opt_t *opt)
{
	struct loading *l = context(cfg);
	cfg_t *stub = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *title = cfg_title(stub);
	const char *domain;
	forget_lines(l, "stub");
	if (as_domain_normal(l->arena, title, strlen(title), &domain) != AS_OK)
		return complain(l, cfg->line, AS_ERR_SYNTAX, "stub \"%s\": the name must be a domain such as \"corp.example\"",
				as_escape(l->arena, title, strlen(title), TITLE_MAX));
	if (cfg_size(stub, "addresses") == 0)
		return complain(l, cfg->line, AS_ERR_SYNTAX, "stub \"%s\": it needs addresses = {\"ADDRESS\"}", domain);
	return 0;
}

/* Every address of such a network would be believed: a slip of the pen. */
static const char *too_wide(struct loading *l, cfg_t *relay)
{
	struct as_network network;
	for (unsigned i = 0; i < cfg_size(relay, "networks"); i++) {
		const char *text = cfg_getnstr(relay, "networks", i);
		if (as_network_parse(text, &network) == AS_OK && network.bits < (network.ip.family == 4 ? 8 : 16))
			return as_strdup(l->arena, text);
	}
	return NULL;
}

/* At the end of a relay. */
static int check_relay(cfg_t *cfg, cfg_opt_t *opt)
{
	struct loading *l = context(cfg);
	cfg_t *relay = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *name = as_escape(l->arena, cfg_title(relay), strlen(cfg_title(relay)), TITLE_MAX);
	const char *wide = too_wide(l, relay);
	size_t n = strlen(name);
	for (const char *at = name; *at; at++)
		n = as_is_alnum(*at) || strchr("-_.", *at) ? n : 0;
	forget_lines(l, "relay");
	if (n == 0 || n > 64)
		return complain(l, cfg->line, AS_ERR_SYNTAX, "relay \"%s\": the name must be 1 to 64 letters, digits, "
				"\"-\", \"_\" or \".\"; it stands in the log", name);
	if (cfg_size(relay, "networks") == 0)
		return complain(l, cfg->line, AS_ERR_SYNTAX, "relay \"%s\": it needs networks = {\"ADDRESS\"}", name);
	if (wide)
		return complain(l, cfg->line, AS_ERR_RANGE,
				"relay \"%s\": networks = {\"%s\"} is too wide; name the relay's own addresses", name, wide);
	return 0;
}

/* The line of the rule that just ended, for what is found later. */
static void note_rule(struct loading *l, int line)
{
	l->rule_lines = as_grow(l->arena, l->rule_lines, l->rule_count, sizeof *l->rule_lines);
	l->rule_lines[l->rule_count++] = line;
}

/* At the end of a rule: what is wrong with the block as it stands; as_rules_compile() knows the rest. An empty list is no condition that
 * never holds but one that does not exist, and the rule would take more than was meant. */
static int check_rule(cfg_t *cfg, cfg_opt_t *opt)
{
	struct loading *l = context(cfg);
	cfg_t *rule = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *name = as_escape(l->arena, cfg_title(rule), strlen(cfg_title(rule)), TITLE_MAX);
	int line = l->rule_line ? l->rule_line : cfg->line;
	note_rule(l, line);
	l->rule_line = 0;
	for (const struct as_keyword *row = as_keywords; row->name; row++) {
		if (strcmp(row->section, "rule") != 0)
			continue;
		bool is_given = l->lines[row - as_keywords] != 0;
		if (row->kind == AS_KIND_ACTION && !is_given)
			return complain(l, line, AS_ERR_SYNTAX, "rule \"%s\": it needs action = \"ACTION\"", name);
		if (AS_KIND_IS_LIST(row->kind) && !is_given && cfg_getopt(rule, row->name)->flags & CFGF_MODIFIED)
			return complain(l, line, AS_ERR_SYNTAX, "rule \"%s\": %s = {} is empty; leave it out or name a value", name,
					row->name);
	}
	forget_lines(l, "rule");
	return 0;
}

/* At the end of a translation. */
static int check_translation(cfg_t *cfg, cfg_opt_t *opt)
{
	struct loading *l = context(cfg);
	cfg_t *translation = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *name = title_of(l, translation);
	l->translation_lines = as_grow(l->arena, l->translation_lines, l->translation_count, sizeof *l->translation_lines);
	l->translation_lines[l->translation_count++] = line_of(l, "translation", "file");
	forget_lines(l, "translation");
	if (!*cfg_getstr(translation, "file"))
		return complain(l, cfg->line, AS_ERR_SYNTAX, "translation \"%s\": it needs file = \"/PATH\"", name);
	if (cfg_size(translation, "recipient-domain") == 0)
		return complain(l, cfg->line, AS_ERR_SYNTAX, "translation \"%s\": it needs recipient-domain = {\"DOMAIN\"}", name);
	return 0;
}

static cfg_opt_t section_option(struct loading *l, const char *section);

/* The options of a section, HOOK first, sections below it last, as libconfuse wants them. */
static cfg_opt_t *make_options(struct loading *l, const char *section)
{
	cfg_opt_t *options = as_alloc_array(l->arena, ROWS_MAX + SECTIONS_MAX, sizeof *options);
	size_t n = 0;
	options[n] = (cfg_opt_t)CFG_SIMPLE_STR(HOOK, &l->hook);
	options[n++].parsecb = check_hook;
	for (const struct as_keyword *row = as_keywords; row->name; row++) {
		if (strcmp(row->section, section) != 0)
			continue;
		if (AS_KIND_IS_LIST(row->kind))
			options[n++] = (cfg_opt_t)CFG_STR_LIST_CB(row->name, as_strdup(l->arena, row->standard), CFGF_NONE, check_value);
		else
			options[n++] = (cfg_opt_t)CFG_STR_CB(row->name, as_strdup(l->arena, row->standard), CFGF_NONE, check_value);
	}
	for (const struct as_section *s = as_sections; s->name; s++) {
		if (*s->name && strcmp(s->above ? s->above : "", section) == 0)
			options[n++] = section_option(l, s->name);
	}
	options[n] = (cfg_opt_t)CFG_END();
	return options;
}

static cfg_opt_t section_option(struct loading *l, const char *section)
{
	static const struct { const char *section; cfg_validate_callback_t check; } checks[] = {
		{ "stub", check_stub }, { "relay", check_relay }, { "rule", check_rule }, { "translation", check_translation },
	};
	cfg_flag_t flags = is_titled(section) ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES : CFGF_NONE;
	cfg_opt_t option = CFG_SEC(section, make_options(l, section), flags);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (strcmp(section, checks[i].section) == 0)
			option.validcb = checks[i].check;
	return option;
}

/* Stores the values of one section, checked before, below base. */
static void fill(struct as_arena *arena, cfg_t *cfg, const char *section, void *base)
{
	const char *detail;
	for (const struct as_keyword *row = as_keywords; row->name; row++) {
		if (strcmp(row->section, section) != 0)
			continue;
		char *field = (char *)base + row->offset;
		if (!AS_KIND_IS_LIST(row->kind)) {
			as_value_read(arena, row, cfg_getstr(cfg, row->name), field, &detail);
			continue;
		}
		size_t count = cfg_size(cfg, row->name), size = as_value_size(row->kind);
		char *list = as_alloc_array(arena, count + 1, size);
		for (size_t i = 0; i < count; i++)
			as_value_read(arena, row, cfg_getnstr(cfg, row->name, (unsigned)i), list + i * size, &detail);
		memcpy(field, &list, sizeof list);
		if (row->kind == AS_KIND_NETWORKS)
			memcpy((char *)base + row->count, &count, sizeof count);
	}
}

static void fill_relays(struct as_arena *arena, cfg_t *cfg, struct as_settings *settings)
{
	settings->relay_count = cfg_size(cfg, "relay");
	settings->relays = as_alloc_array(arena, settings->relay_count, sizeof *settings->relays);
	for (size_t i = 0; i < settings->relay_count; i++) {
		cfg_t *relay = cfg_getnsec(cfg, "relay", (unsigned)i);
		const char *title = cfg_title(relay);
		fill(arena, relay, "relay", &settings->relays[i]);
		settings->relays[i].name = as_escape(arena, title, strlen(title), TITLE_MAX);
	}
}

static struct as_settings *fill_all(struct as_arena *arena, cfg_t *cfg)
{
	struct as_settings *settings = as_alloc(arena, sizeof *settings);
	for (const struct as_section *s = as_sections; s->name; s++)
		if (!is_titled(s->name))
			fill(arena, *s->name ? cfg_getsec(cfg, s->name) : cfg, s->name, settings);
	cfg_t *dns = cfg_getsec(cfg, "dns");
	settings->dns.stub_count = cfg_size(dns, "stub");
	settings->dns.stubs = as_alloc_array(arena, settings->dns.stub_count, sizeof *settings->dns.stubs);
	for (size_t i = 0; i < settings->dns.stub_count; i++) {
		cfg_t *stub = cfg_getnsec(dns, "stub", (unsigned)i);
		const char *title = cfg_title(stub);
		fill(arena, stub, "stub", &settings->dns.stubs[i]);
		as_domain_normal(arena, title, strlen(title), &settings->dns.stubs[i].zone);
	}
	fill_relays(arena, cfg, settings);
	return settings;
}

/* The code of a reply must have the class of the verbs that use it: 4 for tempfail, 5 for reject. RFC 3463 2 */
static void check_classes(struct loading *l, const struct as_settings *settings)
{
	for (const struct as_keyword *row = as_keywords; row->name; row++) {
		const char *text = row->verbs ? *(const char *const *)((const char *)settings + row->offset) : "";
		char class = as_reply_class(text);
		for (const char *verbs = class ? row->verbs : ""; *verbs; verbs += strspn(verbs, " ")) {
			size_t n = strcspn(verbs, " ");
			const char *name = as_strndup(l->arena, verbs, n);
			enum as_verb verb = *(const enum as_verb *)((const char *)settings + find_row(row->section, name)->offset);
			if ((verb == AS_VERB_REJECT && class != '5') || (verb == AS_VERB_TEMPFAIL && class != '4'))
				complain(l, line_of(l, row->section, row->name), AS_ERR_RANGE,
					 "%s: the code does not fit %s = \"%s\", it must begin with %c; or leave the code out",
					 full_name(l->arena, row->section, row->name), name, as_verb_name(verb),
					 verb == AS_VERB_REJECT ? '5' : '4');
			verbs += n;
		}
	}
}

/* A file of text, at most FILE_MAX bytes, in arena. */
static enum as_err read_file(struct as_arena *arena, const char *file, char **text, const char **detail)
{
	FILE *stream = fopen(file, "re");
	char *bytes = as_xalloc(FILE_MAX + 2);
	size_t n = stream ? fread(bytes, 1, FILE_MAX + 1, stream) : 0;
	enum as_err err = AS_OK;
	if (!stream || ferror(stream)) {
		*detail = as_printf(arena, "%s: %s", file, strerror(errno));
		err = AS_ERR_SYSTEM;
	} else if (n > FILE_MAX) {
		*detail = as_printf(arena, "%s: larger than %d bytes", file, FILE_MAX);
		err = AS_ERR_LIMIT;
	} else if (memchr(bytes, '\0', n)) {
		*detail = as_printf(arena, "%s: it holds a NUL byte; a text is expected", file);
		err = AS_ERR_SYNTAX;
	}
	if (!err)
		*text = as_strndup(arena, bytes, n);
	if (stream)
		fclose(stream);
	free(bytes);
	return err;
}

static void compile_rules(struct loading *l, struct as_arena *arena, cfg_t *cfg, struct as_settings *settings)
{
	size_t count = cfg_size(cfg, "rule"), which = 0;
	struct as_rule_text *texts = as_alloc_array(arena, count, sizeof *texts);
	for (size_t i = 0; i < count; i++) {
		cfg_t *rule = cfg_getnsec(cfg, "rule", (unsigned)i);
		const char *title = cfg_title(rule);
		fill(arena, rule, "rule", &texts[i]);
		texts[i].name = as_escape(arena, title, strlen(title), TITLE_MAX);
	}
	const char *detail = NULL;
	enum as_err err = count ? as_rules_compile(arena, settings, texts, count, &settings->rules, &which, &detail) : AS_OK;
	if (err)
		complain(l, l->rule_lines[which], err, "%s", detail);
}

static void read_translations(struct loading *l, struct as_arena *arena, cfg_t *cfg, struct as_settings *settings)
{
	size_t count = cfg_size(cfg, "translation");
	settings->translation_count = count;
	settings->translations = as_alloc_array(arena, count, sizeof *settings->translations);
	for (size_t i = 0; i < count && !l->detail; i++) {
		struct as_translation *translation = &settings->translations[i];
		const char *detail = NULL;
		char *text;
		int line;
		cfg_t *section = cfg_getnsec(cfg, "translation", (unsigned)i);
		fill(arena, section, "translation", translation);
		translation->name = as_strdup(arena, title_of(l, section));
		if (read_file(l->arena, translation->file, &text, &detail) != AS_OK)
			complain(l, l->translation_lines[i], AS_ERR_SYSTEM, "translation \"%s\": %s", translation->name, detail);
		else if (as_translation_parse(arena, translation, text, settings->rules, &line, &detail) != AS_OK)
			complain_of(l, translation->file, line, AS_ERR_SYNTAX, detail);
	}
}

/* What is off by default, and was not switched on beside a keyword that needs it, was forgotten. What was switched off is meant. */
static void check_forgotten(struct loading *l, const struct as_settings *settings)
{
	bool has_iprev = settings->iprev.enable, has_capture = *settings->capture.directory;
	const struct {
		bool is_idle;
		const char *section, *keyword, *missing, *remedy;
	} rows[] = {
		{ !has_iprev && settings->iprev.on_fail != AS_VERB_ACCEPT, "iprev", "on-fail", "enable", "enable = true" },
		{ !has_iprev && settings->iprev.on_permerror != AS_VERB_ACCEPT, "iprev", "on-permerror", "enable", "enable = true" },
		{ !has_iprev && settings->iprev.on_temperror != AS_VERB_ACCEPT, "iprev", "on-temperror", "enable", "enable = true" },
		{ !has_capture && settings->capture.every, "capture", "every", "directory", "directory = \"/PATH\"" },
		{ !has_capture && settings->capture.rules[0], "capture", "rules", "directory", "directory = \"/PATH\"" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].is_idle && !line_of(l, rows[i].section, rows[i].missing))
			complain(l, line_of(l, rows[i].section, rows[i].keyword), AS_ERR_RANGE, "%s.%s has no effect without %s.%s",
				 rows[i].section, rows[i].keyword, rows[i].section, rows[i].remedy);
}

/* A network of no bits in a list of hosts that are trusted: nobody means that. */
static void check_everybody(struct loading *l, const char *section, const char *name, const struct as_network *networks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (networks[i].bits == 0)
			complain(l, line_of(l, section, name), AS_ERR_RANGE, "%s = {\"%s\"} is everybody; name the hosts that are meant",
				 full_name(l->arena, section, name), networks[i].ip.family == 4 ? "0.0.0.0/0" : "::/0");
}

/* What no single keyword can know. */
static void check_together(struct loading *l, const struct as_settings *settings)
{
	if (settings->dns.mode == AS_DNS_FORWARD && !settings->dns.forward[0])
		complain(l, line_of(l, "dns", "mode"), AS_ERR_RANGE, "dns.mode = \"forward\" needs dns.forward = {\"ADDRESS\"}");
	if (settings->dns.mode != AS_DNS_FORWARD && settings->dns.forward[0])
		complain(l, line_of(l, "dns", "forward"), AS_ERR_RANGE, "dns.forward has no effect without dns.mode = \"forward\"");
	if (settings->dmarc.enable && !settings->spf.enable && !settings->dkim.enable)
		complain(l, line_of(l, "dkim", "enable"), AS_ERR_RANGE,
			 "dmarc needs spf or dkim: without both every message of a domain with a policy fails; "
			 "or set dmarc.enable = false");
	check_everybody(l, "", "trusted-networks", settings->trusted_networks, settings->trusted_network_count);
	check_everybody(l, "forwarders", "networks", settings->forwarders.networks, settings->forwarders.network_count);
	check_forgotten(l, settings);
	check_classes(l, settings);
}

/* A name that is neither a row nor a rule would never be captured. Behind the rules, whose names it may be. */
static void check_captured(struct loading *l, const struct as_settings *settings)
{
	const struct as_rules *rules = settings->rules;
	for (const char **name = settings->capture.rules; *name; name++) {
		size_t i = 0;
		while (rules && i < rules->count && strcmp(rules->list[i].name, *name) != 0)
			i++;
		if (!as_policy_has_row(*name) && (!rules || i == rules->count))
			complain(l, line_of(l, "capture", "rules"), AS_ERR_RANGE, "capture.rules: there is no row or rule \"%s\"; %s",
				 *name, as_policy_known(l->arena, rules, *name, false));
	}
}

/* text behind which HOOK stands. NULL: the defaults alone. The settings go to arena. */
static struct as_settings *load(struct loading *l, struct as_arena *arena, const char *text)
{
	struct as_settings *settings = NULL;
	cfg_t *cfg = cfg_init(make_options(l, ""), CFGF_NONE);
	if (!cfg)
		as_oom();
	cfg_set_error_function(cfg, catch_error);
	l->has_begun = true;
	int result = text ? cfg_parse_buf(cfg, text) : CFG_SUCCESS;
	if (result != CFG_SUCCESS)
		complain(l, cfg->line, AS_ERR_SYNTAX, "cannot be read");
	if (!l->detail) {
		settings = fill_all(arena, cfg);
		settings->file = as_strdup(arena, l->name);
		settings->lines = memcpy(as_alloc(arena, sizeof l->lines), l->lines, sizeof l->lines);
		check_together(l, settings);
		compile_rules(l, arena, cfg, settings);
		read_translations(l, arena, cfg, settings);
		check_captured(l, settings);
	}
	cfg_free(cfg);
	free(l->hook);
	return settings;
}

static enum as_err load_text(struct as_arena *arena, const char *name, const char *text, struct as_settings **settings,
			     const char **detail)
{
	struct loading loading = { .arena = as_arena_new(), .name = name };
	struct as_settings *loaded = NULL;
	int line = 0;
	char *copy = text ? as_printf(loading.arena, "%s\n", text) : NULL;
	const char *open = copy ? as_settings_scan(copy, &line) : NULL;
	loading.last_line = 1;
	for (const char *at = copy ? copy : ""; *at; at++)
		loading.last_line += *at == '\n';
	if (open)
		complain(&loading, line, AS_ERR_SYNTAX, "the %s that begins here is not closed", open);
	else
		loaded = load(&loading, arena, copy ? as_printf(loading.arena, "%s" HOOK " = x\n", copy) : NULL);
	if (loading.detail)
		*detail = as_strdup(arena, loading.detail);
	else
		*settings = loaded;
	as_arena_free(loading.arena);
	return loading.err;
}

static enum as_err load_file(struct as_arena *arena, const char *file, struct as_settings **settings, const char **detail)
{
	char *text;
	enum as_err err = read_file(arena, file, &text, detail);
	return err ? err : load_text(arena, file, text, settings, detail);
}

static int shadow_line(const struct as_settings *settings)
{
	return settings->lines[find_row("", "shadow-configuration") - as_keywords];
}

static enum as_err add_shadow(struct as_arena *arena, struct as_settings *settings, const struct as_settings *next, const char **detail)
{
	if (*next->shadow.file) {
		*detail = as_printf(arena, "%s:%d: shadow-configuration: a shadow has no shadow of its own; leave it out", next->file,
				    shadow_line(next));
		return AS_ERR_RANGE;
	}
	as_settings_join(arena, settings, next);
	return AS_OK;
}

/* What is wrong in the file tells so with its own name and line; that there is no such file is told of the keyword. */
static enum as_err load_shadow(struct as_arena *arena, struct as_settings *settings, const char **detail)
{
	struct as_settings *next;
	enum as_err err = load_file(arena, settings->shadow.file, &next, detail);
	if (err == AS_ERR_SYSTEM)
		*detail = as_printf(arena, "%s:%d: shadow-configuration: %s", settings->file, shadow_line(settings), *detail);
	return err ? err : add_shadow(arena, settings, next, detail);
}

enum as_err as_settings_load(struct as_arena *arena, const char *file, const struct as_settings **settings, const char **detail)
{
	struct as_settings *loaded;
	enum as_err err = file ? load_file(arena, file, &loaded, detail) : load_text(arena, "defaults", NULL, &loaded, detail);
	if (!err && *loaded->shadow.file)
		err = load_shadow(arena, loaded, detail);
	if (!err)
		*settings = loaded;
	return err;
}

enum as_err as_settings_parse_with_shadow(struct as_arena *arena, const char *name, const char *text, const char *shadow,
					  const struct as_settings **settings, const char **detail)
{
	struct as_settings *loaded, *next;
	enum as_err err = load_text(arena, name, text, &loaded, detail);
	if (!err && shadow)
		err = load_text(arena, "shadow", shadow, &next, detail);
	if (!err && shadow)
		err = add_shadow(arena, loaded, next, detail);
	if (!err)
		*settings = loaded;
	return err;
}

enum as_err as_settings_parse(struct as_arena *arena, const char *name, const char *text, const struct as_settings **settings,
			      const char **detail)
{
	return as_settings_parse_with_shadow(arena, name, text, NULL, settings, detail);
}
