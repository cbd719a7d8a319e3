/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_stats.c - reads and writes lines of five words: name, fingerprint, since, hits, last. Times are seconds since 1970. */
#include "config.h"

#include "rule_stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_LENGTH = 64, FINGERPRINT_DIGITS = 16, DIGITS_MAX = 18 };

static const char head[] = "# How often rules of assay.conf(5) matched: kept by assayd, shown by assayd -n.\n"
			   "# rule conditions since hits last\n";

int as_rule_stat_compare(const void *one, const void *other)
{
	const struct as_rule_stat *a = one, *b = other;
	int order = strcmp(a->name, b->name);
	return order ? order : (a->fingerprint > b->fingerprint) - (a->fingerprint < b->fingerprint);
}

void as_rule_stats_sort(struct as_rule_stats *stats)
{
	if (stats->count)
		qsort(stats->list, stats->count, sizeof *stats->list, as_rule_stat_compare);
}

const struct as_rule_stat *as_rule_stats_find(const struct as_rule_stats *stats, const char *name, uint64_t fingerprint)
{
	const struct as_rule_stat key = { .name = name, .fingerprint = fingerprint };
	return stats->count ? bsearch(&key, stats->list, stats->count, sizeof *stats->list, as_rule_stat_compare) : NULL;
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

/* The next word, which ends with `end` and has n characters of `set`, one at least and `most` at most; moves behind it. */
static bool take(const char **at, const char *set, size_t most, char end, const char **word, size_t *n)
{
	*word = *at;
	*n = strspn(*at, set);
	if (*n == 0 || *n > most || (*at)[*n] != end)
		return false;
	*at += *n + 1;
	return true;
}

static bool take_number(const char **at, char end, int64_t *number)
{
	const char *word;
	size_t n;
	if (!take(at, "0123456789", DIGITS_MAX, end, &word, &n))
		return false;
	*number = strtoll(word, NULL, 10);
	return true;
}

static bool parse_line(struct as_arena *arena, const char *at, struct as_rule_stat *stat)
{
	static const char names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	const char *name, *fingerprint;
	size_t name_length, digits;
	int64_t hits;
	if (!take(&at, names, NAME_LENGTH, ' ', &name, &name_length) ||
	    !take(&at, "0123456789abcdef", FINGERPRINT_DIGITS, ' ', &fingerprint, &digits) || digits != FINGERPRINT_DIGITS ||
	    !take_number(&at, ' ', &stat->since_s) || !take_number(&at, ' ', &hits) || !take_number(&at, '\n', &stat->last_s))
		return false;
	stat->name = as_strndup(arena, name, name_length);
	stat->fingerprint = strtoull(fingerprint, NULL, 16);
	stat->hits = (uint64_t)hits;
	return true;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;
	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

size_t as_rule_stats_parse(struct as_arena *arena, const char *text, struct as_rule_stats *stats)
{
	size_t damaged = 0, number = 1;
	*stats = (struct as_rule_stats){ .list = as_alloc_array(arena, count_lines(text), sizeof *stats->list) };
	for (; *text; number++) {
		const char *end = strchr(text, '\n');
		if (end && (*text == '#' || parse_line(arena, text, &stats->list[stats->count])))
			stats->count += *text != '#';
		else
			damaged = damaged ? damaged : number;
		text = end ? end + 1 : "";
	}
	as_rule_stats_sort(stats);
	return damaged;
}

enum as_err as_rule_stats_load(struct as_arena *arena, const char *file, struct as_rule_stats *stats, const char **detail)
{
	struct stat status;
	*stats = (struct as_rule_stats){ .count = 0 };
	FILE *in = fopen(file, "re");
	if (!in || fstat(fileno(in), &status) != 0 || S_ISDIR(status.st_mode)) {
		errno = in ? EISDIR : errno;
		*detail = as_printf(arena, "%s: %s", file, strerror(errno));
		if (in)
			fclose(in);
		return AS_ERR_SYSTEM;
	}
	size_t room = AS_RULE_STATS_FILE_MAX, size = status.st_size < AS_RULE_STATS_FILE_MAX ? (size_t)status.st_size + 1 : room + 1;
	char *text = as_alloc(arena, size + 1);
	size_t n = fread(text, 1, size, in);
	fclose(in);
	if (n > room) {
		*detail = as_printf(arena, "%s: more than %d MB", file, AS_RULE_STATS_FILE_MAX >> 20);
		return AS_ERR_LIMIT;
	}
	size_t damaged = as_rule_stats_parse(arena, text, stats);
	if (!damaged && strlen(text) == n)
		return AS_OK;
	*detail = as_printf(arena, "%s: line %zu is damaged", file, damaged ? damaged : count_lines(text) + 1);
	return AS_ERR_SYNTAX;
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

void as_rule_stats_print(struct as_buf *out, const struct as_rule_stats *stats)
{
	as_buf_puts(out, head);
	for (size_t i = 0; i < stats->count; i++) {
		const struct as_rule_stat *s = &stats->list[i];
		as_buf_printf(out, "%s %016" PRIx64 " %" PRId64 " %" PRIu64 " %" PRId64 "\n", s->name, s->fingerprint, s->since_s, s->hits,
			      s->last_s);
	}
}
