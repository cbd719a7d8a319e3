/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_text.c - the sample configuration and the keyword part of the manual, from the table of keywords. */
#include "config.h"

#include "settings.h"

#include "settings_table.h"
#include "str.h"

#include <stdbool.h>
#include <string.h>

enum { WIDTH = 78 };

/* A value as it is written in a file. */
static const char *value_text(struct as_arena *arena, const struct as_keyword *row, const char *value)
{
	const char *quote = AS_KIND_IS_QUOTED(row->kind) && !AS_KIND_IS_LIST(row->kind) ? "\"" : "";
	return as_printf(arena, "%s%s%s", quote, value, quote);
}

/* Words of a text in lines of WIDTH, each behind `prefix`. */
static void write_wrapped(FILE *out, const char *prefix, const char *text)
{
	size_t column = 0;
	while (*text) {
		size_t n = strcspn(text, " ");
		if (column && column + 1 + n > WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%.*s", column ? " " : prefix, (int)n, text);
		text += n + strspn(text + n, " ");
	}
	fputc('\n', out);
}

static const char *number_text(struct as_arena *arena, const struct as_keyword *row, int64_t value);

/* "One of accept, tag." or "From 1s to 250s."; "" for other kinds. */
static const char *bounds_text(struct as_arena *arena, const struct as_keyword *row)
{
	struct as_buf text = as_buf_new(arena);
	for (const struct as_name_code *word = row->words; word && word->name; word++)
		as_buf_printf(&text, "%s%s%s", word == row->words ? "One of " : ", ", word->name, word[1].name ? "" : ".");
	if (row->most && row->kind != AS_KIND_FILE)
		as_buf_printf(&text, "From %s to %s.", number_text(arena, row, row->least), number_text(arena, row, row->most));
	return text.text;
}

static const char *number_text(struct as_arena *arena, const struct as_keyword *row, int64_t value)
{
	static const struct { enum as_kind kind; int64_t factor; const char *unit; } units[] = {
		{ AS_KIND_SIZE, 1 << 30, "g" },           { AS_KIND_SIZE, 1 << 20, "m" },    { AS_KIND_SIZE, 1 << 10, "k" },
		{ AS_KIND_MILLISECONDS, 1000, "s" },      { AS_KIND_MILLISECONDS, 1, "ms" }, { AS_KIND_SECONDS, 86400, "d" },
		{ AS_KIND_SECONDS, 3600, "h" },           { AS_KIND_SECONDS, 60, "m" },      { AS_KIND_SECONDS, 1, "s" },
		{ AS_KIND_COUNT, 1, "" },
	};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].kind == row->kind && (value % units[i].factor == 0 && (value || units[i].factor == 1)))
			return as_printf(arena, "%lld%s", (long long)(value / units[i].factor), units[i].unit);
	return as_printf(arena, "%lld", (long long)value);
}

static const char *sample_value(struct as_arena *arena, const struct as_keyword *row)
{
	return row->example ? row->example : value_text(arena, row, row->standard);
}

static void sample_section(FILE *out, struct as_arena *arena, const struct as_section *section)
{
	bool is_top = !*section->name, is_inner = section->above != NULL;
	const char *indent = is_top ? "# " : is_inner ? "#\t\t# " : "#\t# ";
	const char *assign = is_top ? "#" : is_inner ? "#\t\t" : "#\t";
	fputs(is_inner ? "#\n" : "\n", out);
	write_wrapped(out, is_inner ? "#\t# " : "# ", section->help);
	if (section->title)
		fprintf(out, "#%s%s \"%s\" {\n", is_inner ? "\t" : "", section->name, section->title);
	else if (!is_top)
		fprintf(out, "#%s {\n", section->name);
	for (const struct as_keyword *row = as_keywords; row->name; row++) {
		if (strcmp(row->section, section->name) != 0)
			continue;
		if (is_top)
			fputc('\n', out);
		write_wrapped(out, indent, as_printf(arena, "%s %s", row->help, bounds_text(arena, row)));
		fprintf(out, "%s%s = %s\n", assign, row->name, sample_value(arena, row));
	}
	if (is_inner)
		fputs("#\t}\n", out);
}

/* A section with another one inside closes behind it. */
static void sample_close(FILE *out, const struct as_section *section)
{
	bool opens_another = section[1].name && section[1].above;
	if (*section->name && !opens_another)
		fputs("#}\n", out);
}

void as_settings_write_sample(FILE *out)
{
	struct as_arena *arena = as_arena_new();
	fputs("# assay.conf - configuration of assayd; assay.conf(5) says more.\n"
	      "# Every keyword is here with its default. \"assayd -n\" checks the file and prints what it means.\n", out);
	for (const struct as_section *section = as_sections; section->name; section++) {
		sample_section(out, arena, section);
		sample_close(out, section);
	}
	as_arena_free(arena);
}

/* Text for mdoc: escapes, a sentence a line. A line that began with a dot or an apostrophe would be a request. */
static void write_mdoc(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (char before = '\0'; *text; before = *text++) {
		bool begins_another = as_is_digit(text[1]) || as_lower(text[1]) != text[1];
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '"')
			fputs("\\(dq", out);
		else
			fputc(before == '.' && *text == ' ' && begins_another ? '\n' : *text, out);
	}
	fputc('\n', out);
}

static const char *kind_name(enum as_kind kind)
{
	static const char *const names[] = {
		[AS_KIND_BOOL] = "boolean",     [AS_KIND_COUNT] = "number",      [AS_KIND_SIZE] = "size",
		[AS_KIND_MILLISECONDS] = "time", [AS_KIND_SECONDS] = "time",      [AS_KIND_WORD] = "word",
		[AS_KIND_CHOICE] = "word",      [AS_KIND_ID] = "name",           [AS_KIND_NAME] = "account",
		[AS_KIND_FILE] = "path",        [AS_KIND_SOCKET] = "socket",     [AS_KIND_MODE] = "mode",
		[AS_KIND_REPLY] = "reply",      [AS_KIND_NETWORKS] = "networks", [AS_KIND_SERVERS] = "servers",
		[AS_KIND_DOMAINS] = "domains",  [AS_KIND_ACTION] = "action",     [AS_KIND_DATE] = "day",
		[AS_KIND_TEXT] = "text",        [AS_KIND_WORDS] = "words",       [AS_KIND_PATTERNS] = "domains",
		[AS_KIND_CLIENTS] = "networks", [AS_KIND_LIMITS] = "bounds",     [AS_KIND_FIELDS] = "fields",
		[AS_KIND_ADDRESSES] = "addresses", [AS_KIND_TEXTS] = "texts",      [AS_KIND_NAMES] = "names",
		[AS_KIND_URL] = "address",
	};
	return names[kind];
}

void as_settings_write_man(FILE *out)
{
	struct as_arena *arena = as_arena_new();
	for (const struct as_section *section = as_sections; section->name; section++) {
		if (*section->name)
			fprintf(out, ".Ss Section %s\n", section->name);
		else
			fputs(".Ss Outside of sections\n", out);
		write_mdoc(out, section->help);
		fputs(".Bl -tag -width Ds\n", out);
		for (const struct as_keyword *row = as_keywords; row->name; row++) {
			if (strcmp(row->section, section->name) != 0)
				continue;
			fprintf(out, ".It Ic %s No = Ar %s\n", row->name, kind_name(row->kind));
			write_mdoc(out, row->help);
			if (*bounds_text(arena, row))
				write_mdoc(out, bounds_text(arena, row));
			/* A rule has no action and no condition by default. */
			bool has_none = AS_KIND_IS_LIST(row->kind) || row->kind == AS_KIND_ACTION;
			bool is_example = has_none && row->example && strcmp(section->name, "rule") == 0;
			fputs(is_example ? "Example:\n.Ql " : "Default:\n.Ql ", out);
			write_mdoc(out, is_example ? row->example : value_text(arena, row, row->standard));
		}
		fputs(".El\n", out);
	}
	as_arena_free(arena);
}
