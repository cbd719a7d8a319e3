/* SPDX-License-Identifier: BSD-2-Clause */
/* exposition.c - one line after the other. */
#include "config.h"

#include "exposition.h"

#include "str.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 128, SAMPLES = 4096 };

struct reader {
	char family[NAME], type[NAME]; /* of the samples that may come now */
	bool has_type, has_sample;
	size_t family_count, sample_count;
	char *families[SAMPLES];
	char *samples[SAMPLES]; /* name and labels */
	double last_bucket;
	const char *wrong;
};

static bool is_known(char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

/* False: it was there, or there is no room. */
static bool note(char **list, size_t *count, const char *text, size_t n)
{
	char *copy = calloc(1, n + 1);
	memcpy(copy, text, n);
	if (*count == SAMPLES || is_known(list, *count, copy)) {
		free(copy);
		return false;
	}
	list[(*count)++] = copy;
	return true;
}

static bool is_name_start(char c)
{
	return as_is_alpha(c) || c == '_' || c == ':';
}

static size_t name_size(const char *text)
{
	size_t n = 0;
	while (is_name_start(text[n]) || (n && as_is_digit(text[n])))
		n++;
	return n < NAME ? n : 0;
}

/* {name="value",...}; 0: something else. */
static size_t labels_size(const char *text)
{
	const char *p = text;
	do {
		size_t n = name_size(++p);
		if (!n || memchr(p, ':', n) || strncmp(p + n, "=\"", 2) != 0)
			return 0;
		for (p += n + 2; *p && *p != '"' && *p != '\n'; p++)
			if (*p == '\\' && !strchr("\\\"n", *++p))
				return 0;
		if (*p++ != '"')
			return 0;
	} while (*p == ',');
	return *p == '}' ? (size_t)(p + 1 - text) : 0;
}

static const char *read_comment(struct reader *r, const char *line)
{
	static const char *const types[] = { "counter", "gauge", "histogram", NULL };
	bool is_help = strncmp(line, "# HELP ", 7) == 0;
	if (!is_help && strncmp(line, "# TYPE ", 7) != 0)
		return "neither HELP nor TYPE";
	const char *name = line + 7;
	size_t n = name_size(name);
	if (!n || name[n] != ' ' || name[n + 1] == '\0')
		return "no name, or nothing behind it";
	if (is_help) {
		if (!note(r->families, &r->family_count, name, n))
			return "a second HELP";
		memcpy(r->family, name, n);
		r->family[n] = '\0';
		r->has_type = r->has_sample = false;
		return NULL;
	}
	if (r->has_type || strlen(r->family) != n || strncmp(r->family, name, n) != 0)
		return "TYPE does not follow its HELP";
	for (size_t i = 0; types[i]; i++)
		r->has_type |= strcmp(name + n + 1, types[i]) == 0;
	snprintf(r->type, sizeof r->type, "%s", name + n + 1);
	r->last_bucket = -1;
	bool is_total = n > 6 && strncmp(name + n - 6, "_total", 6) == 0;
	if (is_total != (strcmp(r->type, "counter") == 0))
		return "a counter, and nothing else, ends in _total";
	return r->has_type ? NULL : "an unknown type";
}

/* What stands behind the family's name. */
static const char *check_member(struct reader *r, const char *suffix, const char *labels, double value)
{
	if (strcmp(r->type, "histogram") != 0)
		return *suffix == ' ' || *suffix == '{' ? NULL : "a sample of another family";
	if (strncmp(suffix, "_bucket{le=\"", 12) == 0) {
		if (value < r->last_bucket)
			return "buckets fall";
		r->last_bucket = value;
		return NULL;
	}
	if (strncmp(suffix, "_sum ", 5) == 0)
		return labels ? "labels" : NULL;
	return strncmp(suffix, "_count ", 7) == 0 && value == r->last_bucket ? NULL : "no _sum, or a _count that is not the last bucket";
}

static const char *read_sample(struct reader *r, const char *line)
{
	size_t n = name_size(line), f = strlen(r->family), labels = 0;
	char *end;
	if (!n || !r->has_type || n < f || strncmp(line, r->family, f) != 0)
		return "a sample without HELP and TYPE before it";
	if (line[n] == '{' && (labels = labels_size(line + n)) == 0)
		return "bad labels";
	if (line[n + labels] != ' ')
		return "no space before the number";
	const char *number = line + n + labels + 1;
	double value = strtod(number, &end);
	if (end == number || *end || strchr("+- ", *number))
		return "no number";
	if (!note(r->samples, &r->sample_count, line, n + labels))
		return "a second time";
	r->has_sample = true;
	return check_member(r, line + f, labels ? line + n : NULL, value);
}

const char *exposition_check(const char *text, char fault[EXPOSITION_FAULT])
{
	struct reader *r = calloc(1, sizeof *r);
	const char *wrong = *text ? NULL : "nothing there";
	while (!wrong && *text) {
		char line[1024];
		size_t n = strcspn(text, "\n");
		bool is_whole = text[n] == '\n' && n < sizeof line;
		snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n : 0), text);
		wrong = !is_whole ? "no line end" : *line == '#' ? read_comment(r, line) : read_sample(r, line);
		if (wrong)
			snprintf(fault, EXPOSITION_FAULT, "%s: '%.400s'", wrong, line);
		text += n + (text[n] == '\n');
	}
	for (size_t i = 0; i < r->family_count; i++)
		free(r->families[i]);
	for (size_t i = 0; i < r->sample_count; i++)
		free(r->samples[i]);
	free(r);
	return wrong ? fault : NULL;
}

double exposition_value(const char *text, const char *sample)
{
	size_t n = strlen(sample);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, sample, n) == 0 && line[n] == ' ')
			return strtod(line + n + 1, NULL);
	}
	return -1;
}
