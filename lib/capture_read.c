/* SPDX-License-Identifier: BSD-2-Clause */
/* capture_read.c - reads the file of capture.c. The sum tells what was damaged; what was written on purpose is checked all the same. */
#include "config.h"

#include "capture.h"

#include "str.h"

#include <jansson.h>
#include <string.h>

struct reader {
	struct as_arena *arena;
	const char *detail; /* the first thing that is wrong */
};

static void wrong(struct reader *r, const char *what)
{
	if (!r->detail)
		r->detail = what;
}

static const json_t *member(struct reader *r, const json_t *object, const char *key, json_type type, bool is_needed)
{
	const json_t *value = json_object_get(object, key);
	if (value && json_typeof(value) == type)
		return value;
	if (value || is_needed)
		wrong(r, as_printf(r->arena, "\"%s\" is missing or of the wrong type", key));
	return NULL;
}

/* Characters U+0001 to U+00FF as bytes; jansson has made sure that it is UTF-8 without NUL. */
static const char *read_bytes(struct reader *r, const json_t *string)
{
	const char *text = json_string_value(string);
	char *bytes = as_alloc(r->arena, strlen(text) + 1), *out = bytes;
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p > 0xc3)
			wrong(r, "a string has a character that is no byte");
		*out++ = (char)(*p < 0x80 ? *p : (*p & 3) << 6 | (p[1] & 0x3f));
		p += *p >= 0x80 && p[1];
	}
	return bytes;
}

static const char *text(struct reader *r, const json_t *object, const char *key, bool is_needed)
{
	const json_t *value = member(r, object, key, JSON_STRING, is_needed);
	return value ? read_bytes(r, value) : is_needed ? "" : NULL;
}

static int64_t number(struct reader *r, const json_t *object, const char *key, int64_t least, int64_t most)
{
	const json_t *value = member(r, object, key, JSON_INTEGER, true);
	int64_t n = value ? json_integer_value(value) : least;
	if (n < least || n > most)
		wrong(r, as_printf(r->arena, "\"%s\" is out of range", key));
	return n < least ? least : n > most ? most : n;
}

static struct as_dns_rdata read_hex(struct reader *r, const json_t *string)
{
	const char *digits = json_is_string(string) ? json_string_value(string) : "-";
	size_t n = strlen(digits);
	uint8_t *bytes = as_alloc(r->arena, n / 2 + 1);
	for (size_t i = 0; i < n; i += 2) {
		int high = as_hex_digit(digits[i]), low = as_hex_digit(digits[i + 1]); /* NUL at the end of an odd one */
		if (high < 0 || low < 0) {
			wrong(r, "a record is not in hexadecimal");
			return (struct as_dns_rdata){ bytes, 0 };
		}
		bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (struct as_dns_rdata){ bytes, n / 2 };
}

static void read_records(struct reader *r, const json_t *o, struct as_dns_captured *lookup)
{
	const json_t *list = member(r, o, "records", JSON_ARRAY, true);
	size_t n = json_array_size(list);
	struct as_dns_rdata *records = as_alloc_array(r->arena, n, sizeof *records);
	for (size_t i = 0; i < n; i++)
		records[i] = read_hex(r, json_array_get(list, i));
	lookup->records = records;
	lookup->count = n;
}

static void read_lookup(struct reader *r, const json_t *o, struct as_dns_captured *lookup)
{
	lookup->name = text(r, o, "name", true);
	lookup->type = (enum as_dns_type)number(r, o, "type", 1, UINT16_MAX);
	lookup->is_answered = json_object_get(o, "status") != NULL;
	if (!lookup->is_answered)
		return;
	lookup->status = (enum as_dns_status)number(r, o, "status", AS_DNS_OK, AS_DNS_TEMPFAIL);
	lookup->dnssec = (enum as_dnssec)number(r, o, "dnssec", AS_DNSSEC_SECURE, AS_DNSSEC_BOGUS);
	lookup->ttl = (uint32_t)number(r, o, "ttl", 0, UINT32_MAX);
	lookup->ms = number(r, o, "ms", 0, INT64_MAX - 1);
	lookup->canonical = text(r, o, "canonical", false);
	lookup->reason = text(r, o, "reason", false);
	read_records(r, o, lookup);
}

static void read_lookups(struct reader *r, const json_t *root, struct as_capture *c)
{
	const json_t *list = member(r, root, "dns", JSON_ARRAY, true);
	c->lookup_count = json_array_size(list);
	c->lookups = as_alloc_array(r->arena, c->lookup_count, sizeof *c->lookups);
	for (size_t i = 0; i < c->lookup_count; i++)
		read_lookup(r, json_array_get(list, i), &c->lookups[i]);
}

static void read_envelope(struct reader *r, const json_t *root, struct as_capture *c)
{
	const json_t *o = member(r, root, "envelope", JSON_OBJECT, true);
	const char *client = text(r, o, "client", false);
	if (client && as_ip_parse(client, &c->client) != AS_OK)
		wrong(r, "\"client\" is no address");
	c->client_name = text(r, o, "client-name", false);
	c->helo = text(r, o, "helo", false);
	c->path = text(r, o, "mail", true);
	c->login_mechanism = text(r, o, "login-mechanism", false);
	c->login_name = text(r, o, "login-name", false);
	c->tls_version = text(r, o, "tls-version", false);
	c->tls_cipher = text(r, o, "tls-cipher", false);
	c->is_authenticated = json_is_true(json_object_get(o, "authenticated"));
	const json_t *list = member(r, o, "rcpt", JSON_ARRAY, true);
	c->recipient_count = json_array_size(list);
	c->recipients = as_alloc_array(r->arena, c->recipient_count, sizeof *c->recipients);
	for (size_t i = 0; i < c->recipient_count; i++) {
		const json_t *path = json_array_get(list, i);
		if (!json_is_string(path))
			wrong(r, "a recipient is no text");
		c->recipients[i] = json_is_string(path) ? read_bytes(r, path) : "";
	}
}

static void read_verdict(struct reader *r, const json_t *root, struct as_capture *c)
{
	const json_t *o = member(r, root, "verdict", JSON_OBJECT, true);
	c->action = text(r, o, "action", true);
	c->rule = text(r, o, "rule", true);
	c->reply = text(r, o, "reply", false);
	c->results = text(r, o, "authentication-results", false);
	c->log_line = text(r, o, "log", true);
}

/* The next length of a list of them, no longer than what is left; negative: wrong. */
static int64_t take_length(const json_t *list, size_t i, size_t left)
{
	const json_t *item = json_array_get(list, i);
	json_int_t n = json_is_integer(item) ? json_integer_value(item) : -1;
	return n < 0 || (uint64_t)n > left ? -1 : n;
}

static void split(struct reader *r, const json_t *root, const char *at, const char *end, struct as_capture *c)
{
	const json_t *lengths = member(r, root, "fields", JSON_ARRAY, true);
	size_t n = json_array_size(lengths);
	c->fields = as_alloc_array(r->arena, n / 2, sizeof *c->fields);
	for (size_t i = 0; i + 1 < n; i += 2) {
		int64_t name = take_length(lengths, i, (size_t)(end - at));
		int64_t value = name < 0 ? -1 : take_length(lengths, i + 1, (size_t)(end - at - name));
		if (value < 0 || end - at - name - value < 3) {
			wrong(r, "the fields are longer than the message");
			return;
		}
		c->fields[c->field_count++] = (struct as_captured_field){ at, (size_t)name, at + name + 1, (size_t)value };
		at += name + 1 + value + 2;
	}
	if (n % 2 || end - at < 2) {
		wrong(r, "the header has no end");
		return;
	}
	c->body = (const unsigned char *)at + 2;
	c->body_size = (size_t)(end - at - 2);
}

static void read_content(struct reader *r, const char *json, size_t json_size, const char *message, size_t message_size,
			 struct as_capture *c)
{
	json_error_t error;
	json_t *root = json_loadb(json, json_size, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(root))
		wrong(r, "the description is not JSON");
	c->time_s = number(r, root, "time", 0, INT64_MAX / 1000);
	c->mono_ms = number(r, root, "clock", INT64_MIN / 4, INT64_MAX / 4);
	c->queue_id = text(r, root, "id", false);
	c->hostname = text(r, root, "hostname", false);
	c->internal_error = text(r, root, "internal-error", false);
	c->is_cut = json_is_true(json_object_get(root, "cut"));
	read_envelope(r, root, c);
	read_lookups(r, root, c);
	read_verdict(r, root, c);
	split(r, root, message, message + message_size, c);
	json_decref(root);
}

/* " 123" of the first line; what writes one number in two ways does not matter: the line is compared as a whole. */
static bool take_size(const char **at, const char *end, size_t *size)
{
	const char *p = *at;
	if (p == end || *p++ != ' ')
		return false;
	*size = 0;
	for (; p < end && as_is_digit(*p) && *size < SIZE_MAX / 100; p++)
		*size = *size * 10 + (size_t)(*p - '0');
	*at = p;
	return true;
}

enum as_err as_capture_read(struct as_arena *arena, const char *bytes, size_t n, struct as_capture *capture, const char **detail)
{
	struct reader r = { .arena = arena };
	const size_t magic = strlen(AS_CAPTURE_MAGIC);
	const char *line_end = memchr(bytes, '\n', n < 128 ? n : 128), *at = bytes + magic;
	size_t json_size = 0, message_size = 0;
	memset(capture, 0, sizeof *capture);
	if (!line_end || (size_t)(line_end - bytes) < magic || memcmp(bytes, AS_CAPTURE_MAGIC, magic) != 0) {
		*detail = "no capture of version 1";
		return AS_ERR_SYNTAX;
	}
	const char *content = line_end + 1;
	size_t left = n - (size_t)(content - bytes);
	bool is_read = take_size(&at, line_end, &json_size) && take_size(&at, line_end, &message_size);
	if (!is_read || json_size > left || message_size > left || left != json_size + 1 + message_size) {
		*detail = as_printf(arena, "the sizes in the first line do not fit the %zu bytes behind it", left);
		return AS_ERR_SYNTAX;
	}
	const char *head = as_printf(arena, AS_CAPTURE_MAGIC " %zu %zu %016llx\n", json_size, message_size,
				     (unsigned long long)as_capture_sum(content, left));
	if (strlen(head) != (size_t)(content - bytes) || memcmp(head, bytes, strlen(head)) != 0 || content[json_size] != '\n') {
		*detail = "the checksum is wrong: the file was damaged or changed";
		return AS_ERR_SYNTAX;
	}
	read_content(&r, content, json_size, content + json_size + 1, message_size, capture);
	*detail = r.detail;
	return r.detail ? AS_ERR_SYNTAX : AS_OK;
}
