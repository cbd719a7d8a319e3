/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_reference.c - RFC 6376 3 and 6 as they stand, with what man/assayd.8 says of the choices they leave. */
#include "config.h"

#include "dkim_reference.h"

#include "code.h"
#include "dkim_reference_key.h"
#include "str.h"

#include <openssl/evp.h>
#include <string.h>

enum { NAMES_MAX = 100, IDENTITY_MAX = 254, DOMAIN_MAX = 253, LABEL_MAX = 63, LENGTH_DIGITS = 76 };

/* --- a message ----------------------------------------------------------------------------------------------------- */

struct field {
	struct as_buf name; /* up to the colon */
	struct as_buf value;
	bool is_taken; /* by a name of h= */
};

struct message {
	struct field *fields;
	size_t count;
	const char *body;
	size_t body_length;
};

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_crlf(const char *text, size_t n, size_t at)
{
	return at + 1 < n && text[at] == '\r' && text[at + 1] == '\n';
}

/* Where the line that begins at `at` ends. */
static size_t line_end(const char *text, size_t n, size_t at)
{
	while (at < n && !is_crlf(text, n, at))
		at++;
	return at;
}

/* A milter is given LF for each line end in a value, and hands on CRLF; an empty last line is not part of it. */
static struct as_buf with_crlf(struct as_arena *arena, const struct as_buf *value)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < value->length; i++) {
		if (value->text[i] == '\n' && (i == 0 || value->text[i - 1] != '\r'))
			as_buf_putc(&out, '\r');
		as_buf_putc(&out, value->text[i]);
	}
	while (out.length >= 2 && is_crlf(out.text, out.length, out.length - 2))
		out.length -= 2;
	return out;
}

/* The last field is complete: name and value are parted. */
static void finish_field(struct as_arena *arena, struct message *message)
{
	if (message->count == 0)
		return;
	struct field *field = &message->fields[message->count - 1];
	struct as_buf whole = field->name, value = as_buf_new(arena);
	const char *colon = memchr(whole.text, ':', whole.length);
	if (colon) {
		field->name = as_buf_new(arena);
		as_buf_add(&field->name, whole.text, (size_t)(colon - whole.text));
		as_buf_add(&value, colon + 1, whole.length - field->name.length - 1);
	}
	field->value = with_crlf(arena, &value);
}

static struct message read_message(struct as_arena *arena, const char *text, size_t n)
{
	struct message message = { 0 };
	size_t at = 0, end;
	for (; at < n; at = end + 2) {
		end = line_end(text, n, at);
		if (end == at)
			break;
		bool goes_on = message.count > 0 && is_wsp(text[at]);
		if (!goes_on) {
			finish_field(arena, &message);
			message.fields = as_grow(arena, message.fields, message.count, sizeof *message.fields);
			message.fields[message.count++].name = as_buf_new(arena);
		}
		struct as_buf *line = &message.fields[message.count - 1].name;
		as_buf_add(line, "\r\n", goes_on ? 2 : 0);
		as_buf_add(line, text + at, end - at);
	}
	finish_field(arena, &message);
	message.body = at + 2 < n ? text + at + 2 : text + n;
	message.body_length = (size_t)(text + n - message.body);
	return message;
}

/* What a name is for a reader that skips octets no name may hold. */
static bool reads_as_signature(struct as_arena *arena, const struct field *field)
{
	struct as_buf plain = as_buf_new(arena);
	for (size_t i = 0; i < field->name.length; i++)
		if (field->name.text[i] > 0x20 && field->name.text[i] < 0x7f)
			as_buf_putc(&plain, field->name.text[i]);
	return as_equal_nocase(plain.text, "dkim-signature");
}

/* --- canonical forms ----------------------------------------------------------------------------------------------- */

/* RFC 6376 3.4.2, 3.4.4: a run of white space is one space, and there is none at the end. */
static struct as_buf reduced(struct as_arena *arena, const char *text, size_t n)
{
	struct as_buf out = as_buf_new(arena);
	for (size_t i = 0; i < n; i++) {
		char c = text[i] == '\t' ? ' ' : text[i];
		if (c != ' ' || out.length == 0 || out.text[out.length - 1] != ' ')
			as_buf_putc(&out, c);
	}
	if (out.length > 0 && out.text[out.length - 1] == ' ')
		out.length--;
	return out;
}

static void add_field(struct as_buf *out, const struct as_buf *name, const struct as_buf *value, bool is_relaxed)
{
	struct as_buf plain = *name, unfolded = as_buf_new(out->arena);
	if (!is_relaxed) {
		as_buf_add(out, name->text, name->length);
		as_buf_putc(out, ':');
		as_buf_add(out, value->text, value->length);
		return;
	}
	while (plain.length > 0 && is_wsp(plain.text[plain.length - 1]))
		plain.length--;
	for (size_t i = 0; i < plain.length; i++)
		as_buf_putc(out, as_lower(plain.text[i]));
	as_buf_putc(out, ':');
	for (size_t i = 0; i < value->length; i++) {
		if (is_crlf(value->text, value->length, i))
			i++;
		else
			as_buf_putc(&unfolded, value->text[i]);
	}
	struct as_buf line = reduced(out->arena, unfolded.text, unfolded.length);
	size_t from = line.length > 0 && line.text[0] == ' ';
	as_buf_add(out, line.text + from, line.length - from);
}

static struct as_buf canonical_body(struct as_arena *arena, const struct message *message, bool is_relaxed)
{
	struct as_buf out = as_buf_new(arena);
	size_t length = 0; /* up to the last line that is not empty */
	for (size_t at = 0, end; at < message->body_length; at = end + 2) {
		end = line_end(message->body, message->body_length, at);
		size_t before = out.length;
		struct as_buf line = as_buf_new(arena);
		as_buf_add(&line, message->body + at, end - at);
		if (is_relaxed)
			line = reduced(arena, line.text, line.length);
		as_buf_add(&out, line.text, line.length);
		bool is_empty = out.length == before;
		as_buf_puts(&out, "\r\n");
		length = is_empty ? length : out.length;
	}
	out.length = length;
	if (length == 0 && !is_relaxed)
		as_buf_puts(&out, "\r\n"); /* RFC 6376 3.4.3 */
	return out;
}

/* --- the signature field ------------------------------------------------------------------------------------------- */

struct signature {
	struct ref_tags tags;
	struct field *field;
	bool is_relaxed_header, is_relaxed_body, has_length;
	uint64_t length;
	char *domain, *identity_domain, *selector;
	struct as_buf b, bh;
	unsigned faults; /* a set of 1 << enum as_code */
};

static void blame(struct signature *signature, bool is_wrong, enum as_code code)
{
	if (is_wrong)
		signature->faults |= 1U << code;
}

/* In lower case and without a dot at its end, or NULL. */
static char *domain_name(struct as_arena *arena, const char *text, size_t n)
{
	size_t label = 0;
	n -= n > 0 && text[n - 1] == '.';
	for (size_t i = 0; i < n; i++) {
		bool is_good = text[i] == '.' ? label > 0 : as_is_alnum(text[i]) || text[i] == '-' || text[i] == '_';
		label = text[i] == '.' ? 0 : label + 1;
		if (!is_good || label > LABEL_MAX)
			return NULL;
	}
	return n > 0 && n <= DOMAIN_MAX && label > 0 ? as_lower_copy(arena, text, n) : NULL;
}

static bool ends_in(const char *text, const char *tail)
{
	size_t n = strlen(text), m = strlen(tail);
	return n >= m && strcmp(text + n - m, tail) == 0;
}

static bool is_number(const struct ref_tag *tag, size_t digits, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < tag->value.length; i++) {
		if (!as_is_digit(tag->value.text[i]))
			return false;
		*value = *value > UINT64_MAX / 100 ? *value : *value * 10 + (uint64_t)(tag->value.text[i] - '0');
	}
	return tag->value.length > 0 && tag->value.length <= digits;
}

static void read_identity(struct as_arena *arena, struct signature *signature)
{
	const struct ref_tag *i = ref_tag(&signature->tags, "i");
	signature->identity_domain = signature->domain;
	if (!i)
		return;
	struct as_buf text = ref_unspaced(arena, &i->value);
	const char *at = strrchr(text.text, '@');
	char *domain = at ? domain_name(arena, at + 1, strlen(at + 1)) : NULL;
	blame(signature, !domain || text.length > IDENTITY_MAX, AS_NEUTRAL);
	signature->identity_domain = domain;
	if (domain && signature->domain)
		blame(signature, strcmp(domain, signature->domain) != 0 &&
		      !ends_in(domain, as_printf(arena, ".%s", signature->domain)), AS_PERMERROR);
}

static void read_methods(struct as_arena *arena, struct signature *signature)
{
	const struct ref_tag *a = ref_tag(&signature->tags, "a"), *c = ref_tag(&signature->tags, "c"), *q = ref_tag(&signature->tags, "q");
	const char *canon = c ? c->value.text : "simple";
	const char *slash = strchr(canon, '/');
	const char *header = as_strndup(arena, canon, slash ? (size_t)(slash - canon) : strlen(canon));
	const char *body = slash ? slash + 1 : "simple";
	signature->is_relaxed_header = strcmp(header, "relaxed") == 0;
	signature->is_relaxed_body = strcmp(body, "relaxed") == 0;
	blame(signature, !signature->is_relaxed_header && strcmp(header, "simple") != 0, AS_NEUTRAL);
	blame(signature, !signature->is_relaxed_body && strcmp(body, "simple") != 0, AS_NEUTRAL);
	if (strcmp(a->value.text, "rsa-sha1") == 0)
		blame(signature, true, AS_POLICY);
	else
		blame(signature, strcmp(a->value.text, "rsa-sha256") != 0 && strcmp(a->value.text, "ed25519-sha256") != 0, AS_NEUTRAL);
	blame(signature, q && !ref_list_has(arena, &q->value, "dns/txt"), AS_NEUTRAL);
}

static void read_numbers(const struct dkim_reference_world *world, struct signature *signature)
{
	const struct ref_tag *l = ref_tag(&signature->tags, "l"), *t = ref_tag(&signature->tags, "t"), *x = ref_tag(&signature->tags, "x");
	uint64_t made = 0, ends = 0, now = (uint64_t)world->now_s, drift = (uint64_t)world->drift_s;
	signature->has_length = l != NULL;
	blame(signature, l && !is_number(l, LENGTH_DIGITS, &signature->length), AS_NEUTRAL);
	blame(signature, t && !is_number(t, SIZE_MAX, &made), AS_NEUTRAL);
	blame(signature, x && !is_number(x, SIZE_MAX, &ends), AS_NEUTRAL);
	blame(signature, t && made > now + drift, AS_PERMERROR);
	blame(signature, x && ends < now - drift, AS_PERMERROR);
	blame(signature, t && x && ends <= made, AS_PERMERROR);
}

static void read_names(struct as_arena *arena, struct signature *signature)
{
	struct ref_list names = ref_list(arena, &ref_tag(&signature->tags, "h")->value);
	bool has_from = false;
	for (size_t i = 0; i < names.count; i++) {
		has_from = has_from || as_equal_nocase(names.items[i].text, "from");
		for (size_t k = 0; k < names.items[i].length; k++)
			blame(signature, names.items[i].text[k] <= ' ' || names.items[i].text[k] > '~', AS_NEUTRAL);
		blame(signature, names.items[i].length == 0, AS_NEUTRAL);
	}
	blame(signature, !has_from, AS_PERMERROR);
	blame(signature, names.count > NAMES_MAX, AS_POLICY);
}

/* RFC 6376 3.5, 6.1.1. */
static void read_signature(struct as_arena *arena, const struct dkim_reference_world *world, struct signature *signature)
{
	static const char *const required[] = { "v", "a", "b", "bh", "d", "h", "s" };
	bool is_clean = ref_tags(arena, &signature->field->value, &signature->tags);
	blame(signature, !is_clean, AS_NEUTRAL);
	blame(signature, is_clean && ref_has_duplicate(&signature->tags), AS_NEUTRAL);
	for (size_t i = 0; !signature->faults && i < sizeof required / sizeof *required; i++)
		blame(signature, !ref_tag(&signature->tags, required[i]), AS_NEUTRAL);
	if (signature->faults)
		return;
	const struct ref_tag *d = ref_tag(&signature->tags, "d"), *s = ref_tag(&signature->tags, "s");
	signature->domain = domain_name(arena, d->value.text, d->value.length);
	signature->selector = domain_name(arena, s->value.text, s->value.length);
	blame(signature, !signature->domain || !signature->selector, AS_NEUTRAL);
	blame(signature, strcmp(ref_tag(&signature->tags, "v")->value.text, "1") != 0, AS_NEUTRAL);
	blame(signature, !ref_base64(arena, &ref_tag(&signature->tags, "b")->value, &signature->b) || !signature->b.length, AS_NEUTRAL);
	blame(signature, !ref_base64(arena, &ref_tag(&signature->tags, "bh")->value, &signature->bh), AS_NEUTRAL);
	read_identity(arena, signature);
	read_methods(arena, signature);
	read_numbers(world, signature);
	read_names(arena, signature);
}

/* --- what is signed ------------------------------------------------------------------------------------------------ */

/* RFC 6376 3.7: as it came, but b= is empty, and so is the white space around what it held. */
static struct as_buf without_b(struct as_arena *arena, const struct as_buf *value)
{
	struct as_buf out = as_buf_new(arena), name = as_buf_new(arena);
	bool is_name = true, is_deleted = false;
	for (size_t i = 0; i < value->length; i++) {
		char c = value->text[i];
		if (c == ';') {
			is_name = true;
			is_deleted = false;
			name = as_buf_new(arena);
		} else if (is_name && c == '=') {
			is_name = false;
			as_buf_putc(&out, c);
			is_deleted = strcmp(name.text, "b") == 0;
			continue;
		} else if (is_name && !is_wsp(c) && c != '\r' && c != '\n') {
			as_buf_putc(&name, c);
		}
		if (!is_deleted)
			as_buf_putc(&out, c);
	}
	return out;
}

/* RFC 6376 5.4.2: from the bottom of the header up, each field once; a name without one is the null string. */
static void add_named(struct as_buf *out, struct message *message, const struct signature *signature, const struct as_buf *name)
{
	for (size_t i = message->count; i > 0; i--) {
		struct field *field = &message->fields[i - 1];
		size_t n = field->name.length;
		while (n > 0 && is_wsp(field->name.text[n - 1]))
			n--;
		if (field->is_taken || field == signature->field || !as_equal_nocase_n(field->name.text, n, name->text, name->length))
			continue;
		field->is_taken = true;
		add_field(out, &field->name, &field->value, signature->is_relaxed_header);
		as_buf_puts(out, "\r\n");
		return;
	}
}

static struct as_buf signed_header(struct as_arena *arena, struct message *message, const struct signature *signature)
{
	struct as_buf out = as_buf_new(arena), bare = without_b(arena, &signature->field->value);
	struct ref_list names = ref_list(arena, &ref_tag(&signature->tags, "h")->value);
	for (size_t i = 0; i < message->count; i++)
		message->fields[i].is_taken = false;
	for (size_t i = 0; i < names.count; i++)
		add_named(&out, message, signature, &names.items[i]);
	add_field(&out, &signature->field->name, &bare, signature->is_relaxed_header);
	return out;
}

/* --- the verdict --------------------------------------------------------------------------------------------------- */

static bool has_body_hash(const struct as_buf *body, const struct signature *signature)
{
	unsigned char hash[32];
	size_t n = signature->has_length ? (size_t)signature->length : body->length;
	return EVP_Digest(body->text, n, hash, NULL, EVP_sha256(), NULL) == 1 && signature->bh.length == sizeof hash &&
	       memcmp(signature->bh.text, hash, sizeof hash) == 0;
}

static enum as_code ask_keys(struct as_arena *arena, const struct dkim_reference_world *world, struct message *message,
			     const struct signature *signature)
{
	struct as_buf text = signed_header(arena, message, signature);
	struct ref_question question = {
		.text = &text,
		.b = &signature->b,
		.is_ed25519 = strcmp(ref_tag(&signature->tags, "a")->value.text, "ed25519-sha256") == 0,
		.is_subdomain = strcmp(signature->identity_domain, signature->domain) != 0,
	};
	return ref_ask_keys(arena, world, as_printf(arena, "%s._domainkey.%s", signature->selector, signature->domain), &question);
}

unsigned dkim_reference_check(struct as_arena *arena, const struct dkim_reference_world *world, const char *text, size_t n, size_t nth)
{
	struct message message = read_message(arena, text, n);
	struct signature signature = { 0 };
	for (size_t i = 0; i < message.count && !signature.field; i++)
		if (reads_as_signature(arena, &message.fields[i]) && nth-- == 0)
			signature.field = &message.fields[i];
	if (!signature.field)
		return 0;
	read_signature(arena, world, &signature);
	if (signature.faults)
		return signature.faults;
	struct as_buf body = canonical_body(arena, &message, signature.is_relaxed_body);
	if ((signature.has_length && signature.length > body.length) || !has_body_hash(&body, &signature))
		return 1U << AS_FAIL;
	enum as_code code = ask_keys(arena, world, &message, &signature);
	if (code == AS_PASS && signature.has_length && signature.length < body.length && !world->accepts_length)
		code = AS_POLICY;
	return 1U << code;
}
