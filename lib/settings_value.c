/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_value.c - one reader per kind of value. */
#include "config.h"

#include "settings_value.h"

#include "domain.h"
#include "ip.h"
#include "mailbox.h"
#include "reply.h"
#include "str.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/un.h>
#include <time.h>

struct reader {
	struct as_arena *arena;
	const struct as_keyword *row;
	const char **detail;
};

static enum as_err refuse(const struct reader *r, enum as_err err, const char *detail)
{
	*r->detail = detail;
	return err;
}

static enum as_err read_bool(const struct reader *r, const char *text, void *field)
{
	static const struct as_name_code words[] = {
		{ "true", true },   { "yes", true }, { "on", true },   { "1", true },  { "false", false },
		{ "no", false },    { "off", false }, { "0", false },  { NULL, 0 },
	};
	int value = as_table_code(words, text, strlen(text), -1);
	if (value < 0)
		return refuse(r, AS_ERR_SYNTAX, "it must be true or false");
	*(bool *)field = value;
	return AS_OK;
}

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };
static const struct unit sizes[] = { { "", 1 }, { "k", 1 << 10 }, { "m", 1 << 20 }, { "g", 1 << 30 }, { NULL, 0 } };
static const struct unit milliseconds[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 60 * 60 * 1000 }, { "d", 24 * 60 * 60 * 1000 }, { NULL, 0 },
};

/* Digits and a unit of the table. The largest factor times 10^9 fits; nothing sensible is larger. */
static bool read_number(const char *text, const struct unit *unit, int64_t *value)
{
	size_t n = strspn(text, "0123456789");
	if (n == 0 || n > 9 + 1)
		return false;
	while (unit->name && !as_equal_nocase(unit->name, text + n))
		unit++;
	if (!unit->name)
		return false;
	*value = (int64_t)strtoll(text, NULL, 10) * unit->factor;
	return true;
}

/* A number of base units as a person writes it: the largest unit that divides it. */
static const char *number_text(struct as_arena *arena, int64_t value, const struct unit *units)
{
	const struct unit *best = units;
	for (const struct unit *u = units; u->name; u++)
		if (value && value % u->factor == 0)
			best = u;
	return as_printf(arena, "%lld%s", (long long)(value / best->factor), best->name);
}

/* base: how many units of the table the field counts in; expected: what to say of a text that is none. */
static enum as_err read_bounded(const struct reader *r, const char *text, void *field, const struct unit *units, int64_t base,
				const char *expected)
{
	int64_t value;
	if (!read_number(text, units, &value))
		return refuse(r, AS_ERR_SYNTAX, expected);
	if (value % base != 0)
		return refuse(r, AS_ERR_SYNTAX, "it must be whole seconds");
	value /= base;
	if (value < r->row->least || value > r->row->most)
		return refuse(r, AS_ERR_RANGE,
			      as_printf(r->arena, "it must be between %s and %s", number_text(r->arena, r->row->least * base, units),
					number_text(r->arena, r->row->most * base, units)));
	*(int64_t *)field = value;
	return AS_OK;
}

static enum as_err read_count(const struct reader *r, const char *text, void *field)
{
	return read_bounded(r, text, field, no_units, 1, "it must be a number");
}

static enum as_err read_size(const struct reader *r, const char *text, void *field)
{
	return read_bounded(r, text, field, sizes, 1, "it must be a size such as \"16k\", \"64m\" or \"1g\"");
}

static enum as_err read_milliseconds(const struct reader *r, const char *text, void *field)
{
	return read_bounded(r, text, field, milliseconds, 1, "it must be a time such as \"500ms\", \"20s\", \"2m\", \"1h\" or \"1d\"");
}

static enum as_err read_seconds(const struct reader *r, const char *text, void *field)
{
	return read_bounded(r, text, field, milliseconds, 1000, "it must be a time such as \"20s\", \"2m\", \"1h\" or \"1d\"");
}

static const struct as_name_code *find_word(const struct reader *r, const char *text)
{
	for (const struct as_name_code *word = r->row->words; word->name; word++)
		if (as_equal_nocase(word->name, text))
			return word;
	struct as_buf list = as_buf_new(r->arena);
	for (const struct as_name_code *word = r->row->words; word->name; word++)
		as_buf_printf(&list, "%s\"%s\"", word == r->row->words ? "it must be " : word[1].name ? ", " : " or ", word->name);
	*r->detail = list.text;
	return NULL;
}

static enum as_err read_word(const struct reader *r, const char *text, void *field)
{
	const struct as_name_code *word = find_word(r, text);
	if (!word)
		return AS_ERR_SYNTAX;
	memcpy(field, &word->code, sizeof word->code); /* the enums of struct as_settings are ints */
	return AS_OK;
}

static enum as_err read_choice(const struct reader *r, const char *text, void *field)
{
	const struct as_name_code *word = find_word(r, text);
	if (!word)
		return AS_ERR_SYNTAX;
	*(const char **)field = word->name;
	return AS_OK;
}

static bool has_only(const char *text, const char *others, size_t most)
{
	for (const char *at = text; *at; at++)
		if (!as_is_alnum(*at) && !strchr(others, *at))
			return false;
	return strlen(text) <= most;
}

static enum as_err store(const struct reader *r, const char *text, void *field)
{
	*(const char **)field = as_strdup(r->arena, text);
	return AS_OK;
}

static enum as_err read_id(const struct reader *r, const char *text, void *field)
{
	if (!has_only(text, ".-_", AS_DOMAIN_MAX))
		return refuse(r, AS_ERR_SYNTAX, "it must be a name such as \"mx.example.com\"");
	return store(r, text, field);
}

static enum as_err read_name(const struct reader *r, const char *text, void *field)
{
	if (!has_only(text, ".-_", 64) || text[0] == '-')
		return refuse(r, AS_ERR_SYNTAX, "it must be the name of an account, or \"\"");
	return store(r, text, field);
}

static enum as_err read_file(const struct reader *r, const char *text, void *field)
{
	if (*text && *text != '/')
		return refuse(r, AS_ERR_SYNTAX, "it must be a path that begins with \"/\", or \"\"");
	if (r->row->most && strlen(text) > (size_t)r->row->most)
		return refuse(r, AS_ERR_RANGE, as_printf(r->arena, "it must be a path of at most %d characters", (int)r->row->most));
	return store(r, text, field);
}

static bool is_port(const char *text, size_t n)
{
	return n >= 1 && n <= 5 && strspn(text, "0123456789") >= n && strtol(text, NULL, 10) >= 1 && strtol(text, NULL, 10) <= 65535;
}

static bool is_host(const char *text)
{
	return *text && has_only(text, ".-_:", AS_DOMAIN_MAX);
}

/* A host without the brackets that an address may stand in. */
static const char *bare_host(struct as_arena *arena, const char *text, size_t n)
{
	if (n > 2 && text[0] == '[' && text[n - 1] == ']')
		return as_strndup(arena, text + 1, n - 2);
	return as_strndup(arena, text, n);
}

/* inet:PORT@HOST and inet:PORT of libmilter; inet:HOST:PORT of Postfix is turned round. */
static const char *internet_socket(struct as_arena *arena, const char *family, const char *rest)
{
	const char *at = strchr(rest, '@');
	const char *colon = strrchr(rest, ':');
	const char *port = rest, *host = "";
	size_t n = strlen(rest);
	if (at) {
		n = (size_t)(at - rest);
		host = bare_host(arena, at + 1, strlen(at + 1));
	} else if (colon) {
		port = colon + 1;
		n = strlen(port);
		host = bare_host(arena, rest, (size_t)(colon - rest));
	}
	if (!is_port(port, n))
		return NULL;
	if (!at && !colon)
		return as_printf(arena, "%s%s", family, rest);
	return is_host(host) ? as_printf(arena, "%s%.*s@%s", family, (int)n, port, host) : NULL;
}

static enum as_err read_socket(const struct reader *r, const char *text, void *field)
{
	static const char *const internet[] = { "inet:", "inet6:", NULL };
	static const char *const local[] = { "unix:/", "local:/", NULL };
	const size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	const char *value = *text || *r->row->standard ? NULL : "";
	for (size_t i = 0; internet[i]; i++)
		if (strncmp(text, internet[i], strlen(internet[i])) == 0)
			value = internet_socket(r->arena, internet[i], text + strlen(internet[i]));
	for (size_t i = 0; local[i]; i++)
		if (strncmp(text, local[i], strlen(local[i])) == 0 && strlen(strchr(text, '/')) <= most)
			value = text;
	if (!value)
		return refuse(r, AS_ERR_SYNTAX, as_printf(r->arena, "it must be \"inet:PORT@HOST\", \"inet6:PORT@HOST\" or \"unix:/PATH\" "
							  "with a path of at most %zu characters", most));
	return store(r, value, field);
}

static enum as_err read_mode(const struct reader *r, const char *text, void *field)
{
	size_t n = strlen(text);
	if (n < 3 || n > 4 || strspn(text, "01234567") != n || strtol(text, NULL, 8) > 0777)
		return refuse(r, AS_ERR_SYNTAX, "it must be octal permissions such as \"0660\"");
	*(mode_t *)field = (mode_t)strtol(text, NULL, 8);
	return AS_OK;
}

static enum as_err read_reply(const struct reader *r, const char *text, void *field)
{
	enum as_err err = as_reply_check(r->arena, text, r->detail);
	return err ? err : store(r, text, field);
}

static enum as_err read_url(const struct reader *r, const char *text, void *field)
{
	enum as_err err = as_reply_check_url(r->arena, text, r->detail);
	return err ? err : store(r, text, field);
}

/* "2027-03-01": the first second of that day, UTC. */
static enum as_err read_date(const struct reader *r, const char *text, void *field)
{
	struct tm tm = { 0 }, back = { 0 };
	char left;
	*(int64_t *)field = 0;
	if (!*text)
		return AS_OK;
	bool is_date = strlen(text) == 10 && sscanf(text, "%4d-%2d-%2d%c", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &left) == 3;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	struct tm given = tm;
	time_t time = is_date ? timegm(&tm) : 0;
	/* timegm() makes the 3rd of March out of the 31st of February */
	if (time <= 0 || !gmtime_r(&time, &back) || back.tm_mon != given.tm_mon || back.tm_mday != given.tm_mday)
		return refuse(r, AS_ERR_SYNTAX, "it must be a day such as \"2027-03-01\"");
	*(int64_t *)field = time;
	return AS_OK;
}

enum { TEXT_MAX_BYTES = 200 };

static bool is_text(const char *text)
{
	for (const char *at = text; *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			return false;
	return strlen(text) <= TEXT_MAX_BYTES;
}

static enum as_err read_text(const struct reader *r, const char *text, void *field)
{
	if (!is_text(text))
		return refuse(r, AS_ERR_SYNTAX, as_printf(r->arena, "it must be printable ASCII, %d characters at most", TEXT_MAX_BYTES));
	return store(r, text, field);
}

static enum as_err read_texts(const struct reader *r, const char *text, void *field)
{
	if (!*text || !is_text(text))
		return refuse(r, AS_ERR_SYNTAX, "it must be printable ASCII and not empty");
	*(const char **)field = as_lower_copy(r->arena, text, strlen(text));
	return AS_OK;
}

static enum as_err read_network(const struct reader *r, const char *text, void *field)
{
	struct as_network net = { 0 };
	enum as_err err = as_network_parse(text, &net);
	if (err == AS_OK) {
		memcpy(field, &net, sizeof net);
		return AS_OK;
	}
	/* The bits are wrong or the address reaches beyond them; in the second case we can say what was meant. */
	if (err != AS_ERR_RANGE || net.bits >= (net.ip.family == 4 ? 32 : 128))
		return refuse(r, err, "it must be an address or a network such as \"192.0.2.0/24\" or \"2001:db8::/32\"");
	char address[AS_IP_TEXT];
	for (unsigned bit = net.bits; bit < 128; bit++)
		net.ip.bytes[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
	return refuse(r, err, as_printf(r->arena, "the address has bits beyond the prefix; the network is \"%s/%u\"",
					as_ip_text(&net.ip, address), net.bits));
}

static enum as_err read_server(const struct reader *r, const char *text, void *field)
{
	struct as_ip ip;
	const char *at = strchr(text, '@');
	const char *address = at ? as_strndup(r->arena, text, (size_t)(at - text)) : text;
	if (as_ip_parse(address, &ip) != AS_OK || (at && !is_port(at + 1, strlen(at + 1))))
		return refuse(r, AS_ERR_SYNTAX, "it must be an address, with a port if need be: \"192.0.2.53\", \"2001:db8::53@5353\"");
	return store(r, text, field);
}

static enum as_err read_domain(const struct reader *r, const char *text, void *field)
{
	const char *domain;
	if (as_domain_normal(r->arena, text, strlen(text), &domain) != AS_OK)
		return refuse(r, AS_ERR_SYNTAX, "it must be a domain such as \"example.com\"");
	*(const char **)field = domain;
	return AS_OK;
}

static enum as_err read_pattern(const struct reader *r, const char *text, void *field)
{
	const char *domain;
	size_t dot = text[0] == '.';
	if (as_domain_normal(r->arena, text + dot, strlen(text) - dot, &domain) != AS_OK)
		return refuse(r, AS_ERR_SYNTAX, "it must be a domain such as \"example.com\", or \".example.com\" for all below it");
	*(const char **)field = dot ? as_printf(r->arena, ".%s", domain) : domain;
	return AS_OK;
}

/* A name is confirmed by the reverse DNS of the address (iprev). */
static enum as_err read_client(const struct reader *r, const char *text, void *field)
{
	struct as_network net;
	bool is_number = strpbrk(text, ":/") || strspn(text, "0123456789.") == strlen(text);
	if (!is_number)
		return read_pattern(r, text, field);
	enum as_err err = read_network(r, text, &net);
	return err ? err : store(r, text, field);
}

static enum as_err read_limit(const struct reader *r, const char *text, void *field)
{
	int64_t bytes;
	if ((text[0] != '<' && text[0] != '>') || !read_number(text + 1, sizes, &bytes) || (text[0] == '<' && bytes == 0))
		return refuse(r, AS_ERR_SYNTAX, "it must be a bound such as \">10m\" or \"<1k\"");
	*(const char **)field = as_printf(r->arena, "%c%lld", text[0], (long long)bytes);
	return AS_OK;
}

static enum as_err read_field_name(const struct reader *r, const char *text, void *field)
{
	const char *at = text;
	while (*at > 0x20 && *at < 0x7f && *at != ':') /* RFC 5322 3.6.8 */
		at++;
	if (!*text || *at)
		return refuse(r, AS_ERR_SYNTAX, "it must be the name of a header field such as \"List-Id\", without a colon");
	*(const char **)field = as_lower_copy(r->arena, text, strlen(text));
	return AS_OK;
}

static enum as_err read_address(const struct reader *r, const char *text, void *field)
{
	const char *local = "", *domain = "";
	if (as_path_parse(r->arena, text, &local, &domain) != AS_OK || !*local || !*domain)
		return refuse(r, AS_ERR_SYNTAX, "it must be an address such as \"postmaster@example.com\"");
	*(const char **)field = as_printf(r->arena, "%s@%s", as_lower_copy(r->arena, local, strlen(local)), domain);
	return AS_OK;
}

static enum as_err read_rule_name(const struct reader *r, const char *text, void *field)
{
	if (!*text || !has_only(text, ".-_", 64))
		return refuse(r, AS_ERR_SYNTAX, "it must be the name of a rule such as \"dmarc-temperror\"");
	return store(r, text, field);
}

static enum as_err (*const readers[])(const struct reader *r, const char *text, void *field) = {
	[AS_KIND_BOOL] = read_bool,
	[AS_KIND_COUNT] = read_count,
	[AS_KIND_SIZE] = read_size,
	[AS_KIND_MILLISECONDS] = read_milliseconds,
	[AS_KIND_SECONDS] = read_seconds,
	[AS_KIND_WORD] = read_word,
	[AS_KIND_CHOICE] = read_choice,
	[AS_KIND_ID] = read_id,
	[AS_KIND_NAME] = read_name,
	[AS_KIND_FILE] = read_file,
	[AS_KIND_SOCKET] = read_socket,
	[AS_KIND_MODE] = read_mode,
	[AS_KIND_REPLY] = read_reply,
	[AS_KIND_URL] = read_url,
	[AS_KIND_ACTION] = read_word,
	[AS_KIND_DATE] = read_date,
	[AS_KIND_TEXT] = read_text,
	[AS_KIND_NETWORKS] = read_network,
	[AS_KIND_SERVERS] = read_server,
	[AS_KIND_DOMAINS] = read_domain,
	[AS_KIND_WORDS] = read_choice,
	[AS_KIND_PATTERNS] = read_pattern,
	[AS_KIND_CLIENTS] = read_client,
	[AS_KIND_LIMITS] = read_limit,
	[AS_KIND_FIELDS] = read_field_name,
	[AS_KIND_ADDRESSES] = read_address,
	[AS_KIND_TEXTS] = read_texts,
	[AS_KIND_NAMES] = read_rule_name,
};

enum as_err as_value_read(struct as_arena *arena, const struct as_keyword *row, const char *text, void *field, const char **detail)
{
	struct reader reader = { .arena = arena, .row = row, .detail = detail };
	return readers[row->kind](&reader, text, field);
}

size_t as_value_size(enum as_kind kind)
{
	return kind == AS_KIND_NETWORKS ? sizeof(struct as_network) : sizeof(const char *);
}
