/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_dkim.c - the first byte says what follows it:
 *
 * K  a key record
 * S  a byte of choices, a line for h=, and a message: signed here by the test signer, it must verify, both when libopendkim
 *    hashes the header and when we do (a header of so many fields that it is not handed over)
 * else the whole input is a message; the keys of RFC 8463 appendix A are in DNS
 *
 * Nothing passes that the reference does not pass.
 */
#include "config.h"

#include "dkim_key.h"
#include "dkim_reference.h"
#include "dkim_sign.h"
#include "dkim_world.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct as_dkim_lib *lib;
static EVP_PKEY *key;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void key_record(const char *text, size_t n)
{
	struct as_dkim_key parsed;
	as_dkim_key_parse(text, n, &parsed);
	must(!parsed.problem == !!parsed.pkey);
	as_dkim_key_clear(&parsed);
}

static bool is_printable(const char *text)
{
	for (; text && *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

static struct as_dkim_outcome verify(struct as_dkim_world *world, const struct dkim_reference_txt *keys, size_t count,
				     const char *message, size_t n)
{
	const struct dkim_reference_world same = { keys, count, false, AS_DKIM_NOW, world->options.drift_s };
	world->author = NULL; /* the order of the header */
	for (size_t i = 0; i < count; i++)
		as_dkim_world_txt(world, keys[i].name, keys[i].text);
	struct as_dkim_outcome outcome = as_dkim_world_verify(world, message, n);
	for (size_t i = 0; i < outcome.count; i++) {
		const struct as_dkim_signature *s = &outcome.signatures[i];
		must(s->code != AS_NONE && (s->code == AS_PASS) == !s->reason);
		must(s->code != AS_PASS || (s->domain && s->identity && s->selector && s->b && s->was_asked && s->key_bits >= 256));
		must(s->code != AS_PASS || dkim_reference_check(world->arena, &same, message, n, i) == 1U << AS_PASS);
		must(is_printable(s->domain) && is_printable(s->identity) && is_printable(s->selector));
		must(is_printable(s->algorithm) && is_printable(s->b));
	}
	return outcome;
}

static struct dkim_reference_txt key_of(const char *name, const char *text)
{
	return (struct dkim_reference_txt){ name, text, strlen(text) };
}

static void message(const char *text, size_t n)
{
	struct as_dkim_world *world = as_dkim_world_new(lib);
	const struct dkim_reference_txt keys[] = {
		key_of("brisbane._domainkey.football.example.com",
		       "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
		key_of("test._domainkey.football.example.com",
		       "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi"
		       "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
		       "Ip3G+2kryOTIKT+l/K4w3QIDAQAB"),
	};
	(void)verify(world, keys, sizeof keys / sizeof *keys, text, n); /* checks what it finds */
	as_dkim_world_free(world);
}

/* A header that a MTA could hand over: lines of "name:value", no CR or LF but in CRLF; then any body that does not end in CR. */
static bool is_regular(const char *text, size_t n)
{
	bool has_colon = false;
	size_t start = 0;
	for (size_t i = 0; i < n; i++) {
		bool is_end = i + 1 < n && text[i] == '\r' && text[i + 1] == '\n';
		if (is_end && i == start)
			return text[n - 1] != '\r';
		if (!is_end && (text[i] == '\r' || text[i] == '\n'))
			return false;
		has_colon = has_colon || (text[i] == ':' && i > start);
		if (!is_end)
			continue;
		if (!has_colon)
			return false;
		i++;
		start = i + 1;
		has_colon = start < n && as_is_wsp(text[start]); /* a fold goes on with the field */
	}
	return start == n;
}

static bool is_name_list(const char *names)
{
	for (const char *at = names; *at; at++)
		if (*at <= 0x20 || *at > 0x7e || *at == ';' || *at == '{' || (*at == ':' && (at[1] == ':' || !at[1])))
			return false;
	return strncmp(names, "from", 4) == 0 && (!names[4] || names[4] == ':') && strlen(names) < 190;
}

static void must_pass(struct as_dkim_world *world, const struct as_buf *text)
{
	const struct dkim_reference_txt record = key_of("sel._domainkey.example.com", as_sign_record(world->arena, key));
	struct as_dkim_outcome outcome = verify(world, &record, 1, text->text, text->length);
	bool is_found = false;
	for (size_t i = 0; i < outcome.count; i++)
		is_found = is_found || outcome.signatures[i].code == AS_PASS;
	must(is_found || outcome.count > 10);
}

static void signed_message(uint8_t choices, const char *text, size_t n)
{
	enum { MORE_FIELDS = 1001 };
	static const char *const canons[] = { "relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple" };
	const char *line = memchr(text, '\n', n);
	if (!line || n > 8192)
		return;
	struct as_dkim_world *world = as_dkim_world_new(lib);
	const char *names = as_strndup(world->arena, text, (size_t)(line - text));
	size_t size = n - (size_t)(line + 1 - text);
	if (is_name_list(names) && is_regular(line + 1, size) && size > 0 && !as_is_wsp(line[1])) {
		struct as_signer signer = { .key = key, .canon = canons[choices & 3], .names = names };
		signer.tags = choices & 4 ? "zb=1" : choices & 8 ? "t=1; q=dns/txt" : NULL;
		struct as_buf out = as_buf_new(world->arena), more = as_buf_new(world->arena);
		as_buf_puts(&out, as_sign(world->arena, &signer, line + 1, size));
		as_buf_add(&out, line + 1, size);
		must_pass(world, &out);
		for (int i = 0; i < MORE_FIELDS; i++)
			as_buf_puts(&more, "(:\r\n");
		as_buf_add(&more, out.text, out.length);
		if (!strchr(names, '('))
			must_pass(world, &more);
	}
	as_dkim_world_free(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char seed[32] = "a seed that everybody may know.";
	if (!lib) {
		lib = as_dkim_lib_new();
		key = as_sign_seed_key(seed);
	}
	if (size > 0 && data[0] == 'K')
		key_record((const char *)data + 1, size - 1);
	else if (size > 2 && data[0] == 'S')
		signed_message(data[1], (const char *)data + 2, size - 2);
	else
		message((const char *)data, size);
	return 0;
}
