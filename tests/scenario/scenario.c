/* SPDX-License-Identifier: BSD-2-Clause */
/* scenario.c - reading scenario files and judging them with the library. */
#include "config.h"

#include "scenario.h"

#include "capture.h"
#include "dkim_sign.h"
#include "dns_fake.h"
#include "table.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void wrong(const char *file, const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s: %s\n", file, what, detail);
	exit(EXIT_FAILURE);
}

static char *read_text(struct as_arena *arena, const char *file)
{
	FILE *in = fopen(file, "rb");
	if (!in)
		wrong(file, "cannot be read", "");
	struct as_buf text = as_buf_new(arena);
	char piece[4096];
	for (size_t n; (n = fread(piece, 1, sizeof piece, in)) > 0;)
		as_buf_add(&text, piece, n);
	fclose(in);
	return text.text;
}

/* --- the file ------------------------------------------------------------------------------------------------------- */

static void set_text(struct as_scenario *s, const char *key, const char *text)
{
	if (strcmp(key, "config") == 0)
		s->config = text;
	else if (strcmp(key, "shadow") == 0)
		s->shadow = text;
	else if (strcmp(key, "zone") == 0)
		s->zone = text;
	else if (strcmp(key, "message") == 0)
		s->message = text;
	else if (strcmp(key, "expect") == 0)
		s->expect = text;
	else
		wrong(s->file, "unknown text", key);
}

static void set_word(struct as_arena *arena, struct as_scenario *s, const char *key, const char *value)
{
	if (strcmp(key, "name") == 0)
		s->name = value;
	else if (strcmp(key, "client") == 0)
		s->client = value;
	else if (strcmp(key, "helo") == 0)
		s->helo = value;
	else if (strcmp(key, "from") == 0)
		s->from = value;
	else if (strcmp(key, "tls") == 0) {
		const char *space = strchr(value, ' ');
		s->tls_version = space ? as_strndup(arena, value, (size_t)(space - value)) : value;
		s->tls_cipher = space ? space + 1 : NULL;
	} else if (strcmp(key, "hostname") == 0)
		s->hostname = value;
	else if (strcmp(key, "auth") == 0)
		s->is_authenticated = strcmp(value, "yes") == 0;
	else if (strcmp(key, "login") == 0)
		s->login = value;
	else if (strcmp(key, "time") == 0)
		s->time_s = strtoll(value, NULL, 10);
	else if (strcmp(key, "rcpt") == 0 && s->recipient_count < SCENARIO_LIST_MAX)
		s->recipients[s->recipient_count++] = value;
	else if ((strcmp(key, "sign") == 0 || strcmp(key, "seal") == 0) && s->sign_count < SCENARIO_LIST_MAX)
		s->signs[s->sign_count++] = as_printf(arena, "%s %s", key, value);
	else
		wrong(s->file, "unknown key", key);
}

static char *take_line(char **at)
{
	char *line = *at, *lf = strchr(line, '\n');
	*at = lf ? lf + 1 : line + strlen(line);
	if (lf)
		*lf = '\0';
	return line;
}

static void parse(struct as_arena *arena, struct as_scenario *s, char *at)
{
	while (*at) {
		char *line = take_line(&at);
		if (!*line || *line == '#')
			continue;
		size_t n = strlen(line);
		if (n > 6 && strcmp(line + n - 6, " <<END") == 0) {
			struct as_buf text = as_buf_new(arena);
			for (line[n - 6] = '\0'; *at;) {
				char *inner = take_line(&at);
				if (strcmp(inner, "END") == 0)
					break;
				as_buf_printf(&text, "%s\n", inner);
			}
			set_text(s, line, text.text);
			continue;
		}
		char *colon = strstr(line, ": ");
		if (!colon)
			wrong(s->file, "neither KEY: VALUE nor KEY <<END", line);
		*colon = '\0';
		set_word(arena, s, line, colon + 2);
	}
}

/* --- keys, signatures ----------------------------------------------------------------------------------------------- */

static EVP_PKEY *read_key(const char *file, const char *name)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/support/keys/%s.pem", AS_TEST_SRCDIR, name);
	FILE *in = fopen(path, "r");
	EVP_PKEY *key = in ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;
	if (!key)
		wrong(file, "no such key", path);
	fclose(in);
	return key;
}

/* "@name@" is a key when a file of that name is there to be; every other "@" is itself. */
static const char *fill_keys(struct as_arena *arena, const char *file, const char *zone)
{
	struct as_buf out = as_buf_new(arena);
	for (const char *at = zone; *at; at++) {
		size_t n = *at == '@' ? strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789") : 0;
		if (n == 0 || at[n + 1] != '@') {
			as_buf_putc(&out, *at);
			continue;
		}
		EVP_PKEY *key = read_key(file, as_strndup(arena, at + 1, n));
		as_buf_printf(&out, "\"%s\"", as_sign_record(arena, key));
		EVP_PKEY_free(key);
		at += n + 1;
	}
	return out.text;
}

static int hex_value(char c)
{
	return as_is_digit(c) ? c - '0' : as_lower(c) >= 'a' && as_lower(c) <= 'f' ? as_lower(c) - 'a' + 10 : -1;
}

static void expand_message(struct as_arena *arena, struct as_scenario *s)
{
	struct as_buf out = as_buf_new(arena);
	for (const char *p = s->message; *p; p++) {
		if (*p == '\n')
			as_buf_puts(&out, "\r\n");
		else if (p[0] == '\\' && p[1] == '\\')
			as_buf_putc(&out, *p++);
		else if (p[0] == '\\' && p[1] == 'x' && hex_value(p[2]) >= 0 && hex_value(p[3]) >= 0) {
			as_buf_putc(&out, (char)(hex_value(p[2]) * 16 + hex_value(p[3])));
			p += 3;
		} else
			as_buf_putc(&out, *p);
	}
	s->message = out.text;
	s->message_size = out.length;
}

/* What a signature or set is to be like. */
struct recipe {
	struct as_sealer sealer;
	unsigned long times;
	const char *spoil; /* signature, body, seal */
};

static const struct {
	const char *word;
	size_t offset;
} texts[] = {
	{ "d", offsetof(struct recipe, sealer.signer.domain) },     { "s", offsetof(struct recipe, sealer.signer.selector) },
	{ "a", offsetof(struct recipe, sealer.signer.algorithm) },  { "c", offsetof(struct recipe, sealer.signer.canon) },
	{ "h", offsetof(struct recipe, sealer.signer.names) },      { "i", offsetof(struct recipe, sealer.signer.identity) },
	{ "tags", offsetof(struct recipe, sealer.signer.tags) },    { "cv", offsetof(struct recipe, sealer.cv) },
	{ "spoil", offsetof(struct recipe, spoil) },                { "results", offsetof(struct recipe, sealer.results) },
};

static void take_word(const struct as_scenario *s, struct recipe *recipe, const char *word, const char *value)
{
	struct as_signer *signer = &recipe->sealer.signer;
	if (strcmp(word, "key") == 0) {
		signer->key = read_key(s->file, value);
	} else if (strcmp(word, "l") == 0) {
		signer->has_length = true;
		signer->length = strtoul(value, NULL, 10);
	} else if (strcmp(word, "n") == 0) {
		recipe->sealer.instance = (unsigned)strtoul(value, NULL, 10);
	} else if (strcmp(word, "times") == 0) {
		recipe->times = strtoul(value, NULL, 10);
	} else {
		size_t i = 0;
		while (i < sizeof texts / sizeof *texts && strcmp(texts[i].word, word) != 0)
			i++;
		if (i == sizeof texts / sizeof *texts)
			wrong(s->file, "sign", word);
		*(const char **)((char *)recipe + texts[i].offset) = value;
	}
}

static void spoil(const struct as_scenario *s, struct recipe *recipe, struct as_signer *seal_signer)
{
	struct as_signer *signer = &recipe->sealer.signer;
	const char *what = recipe->spoil ? recipe->spoil : "";
	signer->spoils_signature = strcmp(what, "signature") == 0;
	signer->spoils_body_hash = strcmp(what, "body") == 0;
	*seal_signer = *signer;
	seal_signer->spoils_signature = strcmp(what, "seal") == 0;
	recipe->sealer.seal_signer = seal_signer;
	if (*what && !signer->spoils_signature && !signer->spoils_body_hash && !seal_signer->spoils_signature)
		wrong(s->file, "spoil", what);
}

/* how: "sign ..." or "seal ..." */
static void sign(struct as_arena *arena, struct as_scenario *s, const char *how)
{
	struct recipe recipe = { .times = 1 };
	struct as_signer seal_signer;
	char *rest, *words = as_strdup(arena, how);
	bool is_seal = strcmp(strtok_r(words, " ", &rest), "seal") == 0;
	for (char *word; (word = strtok_r(NULL, " ", &rest));) {
		char *value = strchr(word, '=');
		if (!value)
			wrong(s->file, "sign", word);
		*value++ = '\0';
		for (char *plus = value; strcmp(word, "results") == 0 && *plus; plus++)
			*plus = *plus == '+' ? ' ' : *plus;
		take_word(s, &recipe, word, value);
	}
	spoil(s, &recipe, &seal_signer);
	for (; recipe.times > 0; recipe.times--)
		s->message = is_seal ? as_seal_message(arena, &recipe.sealer, s->message, s->message_size, &s->message_size)
				     : as_sign_message(arena, &recipe.sealer.signer, s->message, s->message_size, &s->message_size);
	EVP_PKEY_free(recipe.sealer.signer.key);
}

void as_scenario_read(struct as_arena *arena, const char *file, struct as_scenario *s)
{
	*s = (struct as_scenario){ .file = file, .hostname = "mx.example.net", .client = "192.0.2.1",
				    .time_s = 1800000000, .login = "bob",
				    .config = "", .zone = "" };
	parse(arena, s, read_text(arena, file));
	if (!s->message || !s->name || !s->from)
		wrong(file, "message, name and from are needed", "");
	if (!s->expect)
		s->expect = "";
	s->zone = fill_keys(arena, file, s->zone);
	expand_message(arena, s);
	for (size_t i = 0; i < s->sign_count; i++)
		sign(arena, s, s->signs[i]);
}

const char **as_scenario_files(struct as_arena *arena, const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort);
	if (n < 0)
		wrong(folder, "cannot be read", "");
	const char **files = as_alloc_array(arena, (size_t)n + 1, sizeof *files);
	for (int i = 0, k = 0; i < n; i++) {
		if (strstr(entries[i]->d_name, ".scn"))
			files[k++] = as_printf(arena, "%s/%s", folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return files;
}

/* --- judging -------------------------------------------------------------------------------------------------------- */

const char *as_scenario_fields(const struct as_scenario *s,
			       void (*each_field)(void *user, const char *name, size_t name_length,
						  const char *value, size_t value_length),
			       void *user)
{
	const char *at = s->message, *end = s->message + s->message_size;
	while (at < end && strncmp(at, "\r\n", 2) != 0) {
		const char *colon = memchr(at, ':', (size_t)(end - at)), *stop = at;
		do {
			stop = memmem(stop, (size_t)(end - stop), "\r\n", 2);
			stop = stop ? stop + 2 : end;
		} while (stop < end && as_is_wsp(*stop));
		if (!colon || colon >= stop)
			return at;
		each_field(user, at, (size_t)(colon - at), colon + 1, (size_t)(stop - 2 - (colon + 1)));
		at = stop;
	}
	return at < end ? at + 2 : end;
}

struct as_env *as_scenario_env(const struct as_scenario *s, struct as_dns_fake **fake)
{
	const char *detail = NULL;
	char *trouble = NULL;
	const struct as_settings *settings;
	struct as_arena *arena = as_arena_new();
	if (as_settings_parse_with_shadow(arena, s->file, s->config, s->shadow, &settings, &detail))
		wrong(s->file, "config", detail);
	*fake = as_dns_fake_new(s->time_s);
	if (as_dns_fake_load(*fake, arena, s->zone, strlen(s->zone), &detail))
		wrong(s->file, "zone", detail);
	struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 86400, .failure_ttl_s = 1 };
	const struct as_clock *clock = as_dns_fake_clock(*fake);
	struct as_env *env = as_env_new(arena, settings, as_dns_new(as_dns_fake_backend(*fake), &options, clock), clock, NULL, &trouble);
	if (!env)
		wrong(s->file, "environment", trouble);
	return env;
}

static void feed_field(void *user, const char *name, size_t name_length, const char *value, size_t value_length)
{
	as_engine_header(user, name, name_length, value, value_length);
}

void as_scenario_insert_line(struct as_buf *out, const char *name, const char *value)
{
	as_buf_printf(out, "insert: %s:", name);
	for (; *value; value++) {
		if (*value != '\r' && *value != '\n')
			as_buf_putc(out, *value == '\t' ? ' ' : *value);
	}
	as_buf_putc(out, '\n');
}

char *as_scenario_describe(struct as_arena *arena, const struct as_verdict *verdict)
{
	struct as_buf out = as_buf_new(arena);
	const struct as_decision *decision = verdict->decision;
	as_buf_printf(&out, "action: %s\nrule: %s\n", as_verb_name(decision->verb), decision->rule);
	if (decision->reply_code)
		as_buf_printf(&out, "reply: %u %s %s\n", decision->reply_code, decision->enhanced, decision->text);
	for (size_t i = 0; i < verdict->edit_count; i++) {
		const struct as_edit *edit = &verdict->edits[i];
		if (edit->kind == AS_EDIT_DELETE)
			as_buf_printf(&out, "remove: %s %u\n", edit->name, edit->instance);
		else
			as_scenario_insert_line(&out, edit->name, edit->value);
	}
	as_buf_printf(&out, "log: %s\n", verdict->log_line);
	return out.text;
}

/* capture NULL: none is made. */
static char *judge(struct as_arena *arena, const struct as_scenario *s, struct as_env *env, const char **capture, size_t *size)
{
	struct as_ip client;
	if (as_ip_parse(s->client, &client))
		wrong(s->file, "client", s->client);
	struct as_session *session = as_engine_connect(env, &client, NULL, s->hostname);
	if (s->helo)
		as_engine_helo(session, s->helo);
	struct as_message *message = as_engine_mail(session, NULL, s->from, s->is_authenticated);
	as_engine_tls(message, s->tls_version, s->tls_cipher);
	if (s->is_authenticated)
		as_engine_login(message, "PLAIN", s->login);
	if (capture)
		as_capture_begin(message, true);
	for (size_t i = 0; i < s->recipient_count; i++)
		as_engine_rcpt(message, s->recipients[i]);
	const char *body = as_scenario_fields(s, feed_field, message);
	as_engine_eoh(message);
	as_engine_body(message, (const unsigned char *)body, (size_t)(s->message + s->message_size - body));
	struct as_verdict verdict;
	as_engine_eom(message, "4XyZ", NULL, NULL, &verdict);
	char *report = as_scenario_describe(arena, &verdict);
	if (capture)
		*capture = as_capture_make(message, &verdict, "4XyZ", 0, size);
	if (capture && *capture)
		*capture = as_strndup(arena, *capture, *size);
	as_engine_end(message);
	as_engine_close(session);
	return report;
}

char *as_scenario_report_counted(struct as_arena *arena, const struct as_scenario *s, unsigned *queries)
{
	struct as_dns_fake *fake;
	struct as_env *env = as_scenario_env(s, &fake);
	char *report = judge(arena, s, env, NULL, NULL);
	const char *unlisted = as_dns_fake_unlisted(fake);
	if (unlisted)
		report = as_printf(arena, "%sunlisted: %s\n", report, unlisted);
	*queries = as_dns_fake_queries(fake, NULL, 0);
	as_env_unref(env);
	as_dns_fake_free(fake);
	return report;
}

char *as_scenario_report(struct as_arena *arena, const struct as_scenario *s)
{
	unsigned queries;
	return as_scenario_report_counted(arena, s, &queries);
}

const char *as_scenario_capture(struct as_arena *arena, const struct as_scenario *s, size_t *size, char **report)
{
	struct as_dns_fake *fake;
	const char *capture = NULL;
	struct as_env *env = as_scenario_env(s, &fake);
	*report = judge(arena, s, env, &capture, size);
	as_env_unref(env);
	as_dns_fake_free(fake);
	return capture;
}
