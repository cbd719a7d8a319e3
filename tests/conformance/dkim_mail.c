/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_mail.c - mail that likes the corners of RFC 6376: folds, white space, empty lines, strange octets, names given too often.
 *
 * The order of arguments and initializers is free in C: no more than one random choice stands in one of their lists.
 */
#include "config.h"

#include "dkim_mail.h"

#include "test.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define PICK(mail, list) (list)[mail_below(mail, COUNT(list))]

/* --- keys ---------------------------------------------------------------------------------------------------------- */

static EVP_PKEY *read_key(struct as_arena *arena, const char *name)
{
	const char *path = as_printf(arena, "%s/support/keys/%s.pem", AS_TEST_SRCDIR, name);
	FILE *file = fopen(path, "r");
	EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
	if (!key)
		fail_msg("%s cannot be read", path);
	fclose(file);
	return key;
}

void mail_keys_new(struct as_arena *arena, struct mail_keys *keys)
{
	static const char *const names[MAIL_OTHER_EDWARDS] = { "rsa1024", "rsa2048", "rsa768", "ed25519", "rsa4096" };
	static const unsigned char seed[32] = "a seed that everybody may know.";
	for (size_t i = 0; i < MAIL_KEYS; i++) {
		unsigned char *der = NULL;
		keys->keys[i] = i < MAIL_OTHER_EDWARDS ? read_key(arena, names[i]) : as_sign_seed_key(seed);
		keys->p[i] = strstr(as_sign_record(arena, keys->keys[i]), "p=") + strlen("p=");
		int size = i2d_PublicKey(keys->keys[i], &der);
		if (size > 0)
			keys->pkcs1[i] = as_sign_base64(arena, der, (size_t)size);
		OPENSSL_free(der);
	}
	ERR_clear_error(); /* Ed25519 has no such form */
}

void mail_keys_free(struct mail_keys *keys)
{
	for (size_t i = 0; i < MAIL_KEYS; i++)
		EVP_PKEY_free(keys->keys[i]);
}

/* --- random choices ------------------------------------------------------------------------------------------------ */

/* splitmix64 */
size_t mail_below(struct mail *mail, size_t limit)
{
	uint64_t x = mail->random += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (size_t)((x ^ x >> 31) >> 32) % limit;
}

static bool chance(struct mail *mail, size_t percent)
{
	return mail_below(mail, 100) < percent;
}

/* "" mostly, else white space that FWS allows. */
static const char *space(struct mail *mail)
{
	static const char *const spaces[] = { "", "", "", "", " ", " ", "\t", "\r\n ", "\r\n\t ", " \r\n  ", " \r\n \r\n\t" };
	return PICK(mail, spaces);
}

static void add_odd_case(struct mail *mail, struct as_buf *out, const char *name)
{
	size_t how = mail_below(mail, 4);
	for (; *name; name++) {
		bool is_other = as_is_alpha(*name) && (how == 0 || (how == 1 && chance(mail, 50)));
		as_buf_putc(out, is_other ? (char)(*name ^ 0x20) : *name);
	}
}

/* --- header -------------------------------------------------------------------------------------------------------- */

#define LONG_NAME "X-a2345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"

static const char *const names[] = {
	"From", "From", "To", "Subject", "Subject", "Date", "Cc", "Received", "Received", "X-Empty", "List-Id", "Message-ID", "Reply-To",
	"DKIM-Signature", "X", "x-a", "X-A-B",
};

static void add_value(struct mail *mail, struct as_buf *out)
{
	enum { A_FEW = 9, VERY_MANY = 20000 };
	static const char *const pieces[] = {
		"word", "joe@example.com", " ", "  ", "\t", " \t ", "\r\n ", "\r\n\t", " \r\n ", "\r\n \r\n\t", ";", "=", "b=", ":", "\xc3\xbc", "\xe9\xff",
		"a", "some more words", "\"", "\x7f", "=?utf-8?q?=C3=BC?=",
	};
	static const char *const odd[] = { "\r", "\v", "\f", "\r\r", "\x01", "\x85", "\xa0", "\r \r" };
	bool is_odd = chance(mail, 4);
	for (size_t i = mail_below(mail, mail_below(mail, 1000) ? A_FEW : VERY_MANY); i > 0; i--) {
		as_buf_puts(out, PICK(mail, pieces));
		if (is_odd && chance(mail, 40))
			as_buf_puts(out, PICK(mail, odd));
		if (is_odd && chance(mail, 10))
			as_buf_putc(out, '\0');
	}
	if (out->text[out->length - 1] == '\r') /* would become part of the line end */
		as_buf_putc(out, '.');
}

static void add_field(struct mail *mail, const char *name)
{
	add_odd_case(mail, &mail->text, name);
	as_buf_puts(&mail->text, chance(mail, 3) ? " \t" : "");
	as_buf_puts(&mail->text, chance(mail, 85) ? ": " : ":");
	add_value(mail, &mail->text);
	as_buf_puts(&mail->text, "\r\n");
}

/* From is the last field, and often not the only one. */
static void add_header(struct mail *mail)
{
	enum { VERY_MANY = 1005 }; /* libopendkim is not given so many */
	for (size_t i = 3 + mail_below(mail, 10); i > 0; i--) {
		const char *name = PICK(mail, names);
		if (strcmp(name, "DKIM-Signature") != 0)
			add_field(mail, name);
	}
	add_field(mail, "From");
	for (size_t i = chance(mail, 1) ? VERY_MANY : 0; i > 0; i--)
		as_buf_puts(&mail->text, "X-Many:\r\n");
	as_buf_puts(&mail->text, "\r\n");
}

/* --- body ---------------------------------------------------------------------------------------------------------- */

static void add_body(struct mail *mail)
{
	static const char *const pieces[][12] = {
		{ "word", "word", " ", "  ", "\t", "\r\n", "\r\n", " \r\n", "\r\n\r\n", "\xc3\xbc\xff", "longer words and more", "." },
		{ "\r", "\n", " ", "\t", "a", "\r\n", "\r\n", "b", "\r\r\n", "\n\n", "\r\n.\r\n", "\f\v" },
		{ "\r\n", "\r\n", " ", "\r\n\r\n\r\n", " \t \r\n", "\r\n", "\t", "\r\n", "\r\n", "\r\n", "\r\n", "x" },
	};
	static const char *const ends[] = { "", "", "\r\n", "\r\n", "\r\n\r\n\r\n", " ", "\t\r\n", "\r", "\n", " \r\n \r\n" };
	size_t kind = mail_below(mail, COUNT(pieces));
	size_t count = chance(mail, 10) ? 0 : mail_below(mail, chance(mail, 3) ? 2000 : 25);
	for (; count > 0; count--)
		as_buf_puts(&mail->text, PICK(mail, pieces[kind]));
	as_buf_puts(&mail->text, PICK(mail, ends));
}

/* --- key records --------------------------------------------------------------------------------------------------- */

static void add_record(struct mail *mail, const char *selector, const char *text)
{
	if (mail->record_count == MAIL_RECORDS_MAX)
		return;
	mail->records[mail->record_count++] = (struct dkim_reference_txt){
		.name = as_printf(mail->arena, "%s._domainkey.example.com", selector), .text = text, .length = strlen(text) };
}

/* The record of a key as people write it; one in ten has something that may object. */
static const char *record_of(struct mail *mail, enum mail_key kind)
{
	static const char *const good[] = {
		"v=DKIM1; ", "", "v=DKIM1;", " v = DKIM1 ; h=sha256;", "v=DKIM1; t=y; ", "s=*:x; ", "v=DKIM1; n=a note; ",
		"v=DKIM1; h=sha1:sha256; s=email; ", "g=*; ", "g=; ", "t=y:s; ",
	};
	static const char *const bad[] = {
		"v=DKIM2; ", "h=sha1; ", "s=tlsrpt; ", "t=s; ", "hello; ", "v=dkim1; ", "n=1; n=2; ", "; ", "n=a; v=DKIM1; ",
	};
	const char *start = chance(mail, 90) ? PICK(mail, good) : PICK(mail, bad);
	bool is_edwards = EVP_PKEY_is_a(mail->keys->keys[kind], "ED25519");
	const char *type = is_edwards ? "k=ed25519; " : chance(mail, 50) ? "k=rsa; " : "";
	const char *p = !is_edwards && chance(mail, 20) ? mail->keys->pkcs1[kind] : mail->keys->p[kind];
	struct as_buf spaced = as_buf_new(mail->arena);
	for (size_t i = 0; p[i]; i++)
		as_buf_printf(&spaced, "%s%c", chance(mail, 1) ? " " : "", p[i]);
	const char *end = chance(mail, 30) ? ";" : "";
	return as_printf(mail->arena, "%s%sp=%s%s", start, type, spaced.text, end);
}

static void add_keys(struct mail *mail, enum mail_key kind, const char *selector)
{
	static const char *const others[] = {
		"v=spf1 -all", "p=", "v=DKIM1; p=", "text", "v=DKIM1; k=rsa; p=AAAA", "k=ed25519; p=AAAA", "",
	};
	static const enum mail_key keys[] = { MAIL_OTHER_RSA, MAIL_OTHER_EDWARDS, MAIL_SHORT };
	size_t count = chance(mail, 80) ? 1 : mail_below(mail, 7), right = mail_below(mail, count + 1);
	for (size_t i = 0; i < count; i++) {
		if (i == right || count == 1)
			add_record(mail, selector, record_of(mail, kind));
		else if (chance(mail, 50))
			add_record(mail, selector, PICK(mail, others));
		else
			add_record(mail, selector, record_of(mail, PICK(mail, keys)));
	}
}

/* --- signatures ---------------------------------------------------------------------------------------------------- */

static void add_tag(struct mail *mail, struct as_buf *out, const char *name, const char *value)
{
	as_buf_puts(out, out->length ? ";" : "");
	as_buf_puts(out, space(mail));
	as_buf_puts(out, name);
	as_buf_puts(out, space(mail));
	as_buf_putc(out, '=');
	as_buf_puts(out, space(mail));
	as_buf_puts(out, value);
	as_buf_puts(out, space(mail));
}

/* Two forms: as the signer reads them, and with white space. */
static void choose_names(struct mail *mail, struct as_buf *plain, struct as_buf *spaced)
{
	bool is_long = chance(mail, 2), has_from = chance(mail, 97);
	size_t count = is_long ? 20 + mail_below(mail, 80) : mail_below(mail, 12), at = mail_below(mail, count + 1);
	for (size_t i = 0; i <= count; i++) {
		const char *name = PICK(mail, names);
		struct as_buf odd = as_buf_new(mail->arena);
		if (chance(mail, 5))
			name = "X-Not-There";
		if (is_long && chance(mail, 80))
			name = LONG_NAME;
		add_odd_case(mail, &odd, i == at && has_from ? "From" : name);
		as_buf_printf(plain, "%s%s", i ? ":" : "", odd.text);
		as_buf_printf(spaced, "%s%s", i ? ":" : "", space(mail));
		as_buf_printf(spaced, "%s%s", odd.text, space(mail));
	}
}

struct tags {
	const char *name, *value;
};

static void shuffle(struct mail *mail, struct tags *tags, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t k = mail_below(mail, i);
		struct tags held = tags[i - 1];
		tags[i - 1] = tags[k];
		tags[k] = held;
	}
}

/* Tags that may be absent: most are good, some are not. */
static void choose_optional(struct mail *mail, struct tags *tags, size_t *count)
{
	static const struct tags good[] = {
		{ "q", "dns/txt" }, { "q", "foo:dns/txt" }, { "t", "1795323600" }, { "x", "1795323300" }, { "zb", "abc" }, { "z", "From:x|To:=20y" },
		{ "i", "@example.com" }, { "i", "joe@sub.Example.com" }, { "i", "=4Aoe=@example.com" }, { "i", "joe @ example.com" },
		{ "b_", "x=y=" }, { "B", "upper" }, { "bh2", "" }, { "n", "gr\xc3\xbc\xc3\x9f" },
		{ "y", "b=x" }, { "yy", "a b=c\r\n\tb=d" }, { "y_", "b" }, { "ab_b", "" }, { "bb", "=" }, { "abh", "b" },
	};
	static const struct tags bad[] = {
		{ "q", "http" }, { "t", "1795323901" }, { "x", "1795323299" }, { "x", "5" }, { "t", "-1" }, { "l", "1 0" }, { "i", "joe" },
		{ "i", "joe@example.org" }, { "i", "joe@notexample.com" }, { "v", "1" }, { "n", "\xfc" }, { "1", "x" }, { "l", "99999999999999999999" },
	};
	for (size_t i = mail_below(mail, 4); i > 0; i--) {
		struct tags next = chance(mail, 5) ? PICK(mail, bad) : PICK(mail, good);
		bool is_there = false;
		for (size_t k = 0; k < *count; k++)
			is_there = is_there || strcmp(tags[k].name, next.name) == 0;
		if (!is_there || chance(mail, 1))
			tags[(*count)++] = next;
	}
}

/* Behind the "=" of the b= tag of the field on top. */
static size_t find_b(const struct as_buf *text)
{
	for (size_t i = (size_t)(strchr(text->text, ':') - text->text) + 1;; i += strcspn(text->text + i, ";") + 1) {
		size_t name = i + strspn(text->text + i, " \t\r\n"), equals = i + strcspn(text->text + i, "=");
		if (text->text[name] == 'b' && strspn(text->text + name + 1, " \t\r\n") == equals - name - 1)
			return equals + 1;
	}
}

/* b= may have white space anywhere: the signature does not cover it. */
static void fold_b(struct mail *mail)
{
	struct as_buf out = as_buf_new(mail->arena);
	size_t from = find_b(&mail->text), to = from + strcspn(mail->text.text + from, ";\r\n");
	as_buf_add(&out, mail->text.text, from);
	for (size_t i = from; i < to; i++) {
		as_buf_puts(&out, chance(mail, 3) ? space(mail) : "");
		as_buf_putc(&out, mail->text.text[i]);
	}
	as_buf_add(&out, mail->text.text + to, mail->text.length - to);
	mail->text = out;
}

static void sign(struct mail *mail, size_t number)
{
	static const char *const canons[] = { "relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple", "relaxed", "simple", "" };
	static const enum mail_key kinds[] = { MAIL_RSA1024, MAIL_EDWARDS, MAIL_EDWARDS, MAIL_EDWARDS, MAIL_RSA1024, MAIL_RSA2048 };
	static const char *const fields[] = { "DKIM-Signature", "DKIM-Signature", "DKIM-Signature", "dkim-signature", "DKIM-SIGNATURE", "Dkim-Signature " };
	static const char zeros[] = "0000000000000000000000000";
	enum mail_key kind = chance(mail, 2) ? MAIL_SHORT : PICK(mail, kinds);
	struct as_buf plain = as_buf_new(mail->arena), spaced = as_buf_new(mail->arena), value = as_buf_new(mail->arena);
	struct as_signer signer = { .key = mail->keys->keys[kind], .canon = PICK(mail, canons), .field_name = PICK(mail, fields) };
	const char *algorithm = EVP_PKEY_is_a(signer.key, "ED25519") ? "ed25519-sha256" : "rsa-sha256";
	const char *selector = as_printf(mail->arena, "s%zu", number);
	choose_names(mail, &plain, &spaced);
	struct tags tags[24] = {
		{ "v", "1" }, { "a", chance(mail, 98) ? algorithm : "rsa-sha1" }, { "d", "example.com" }, { "s", selector },
		{ "h", spaced.text }, { "bh", "{bh}" }, { "b", "{b}" }, { "c", signer.canon },
	};
	size_t count = signer.canon[0] ? 8 : 7;
	signer.has_length = chance(mail, 12);
	signer.length = mail_below(mail, chance(mail, 50) ? 10 : 100);
	if (signer.has_length)
		tags[count++] = (struct tags){ "l", as_printf(mail->arena, "%s%zu", chance(mail, 10) ? zeros : "", signer.length) };
	choose_optional(mail, tags, &count);
	shuffle(mail, tags, count);
	for (size_t i = 0; i < count; i++)
		add_tag(mail, &value, tags[i].name, tags[i].value);
	as_buf_puts(&value, chance(mail, 30) ? ";" : "");
	signer.names = plain.text;
	signer.value = value.text;
	signer.spoils_body_hash = chance(mail, 2);
	struct as_buf field = as_buf_new(mail->arena);
	as_buf_puts(&field, as_sign(mail->arena, &signer, mail->text.text, mail->text.length));
	as_buf_add(&field, mail->text.text, mail->text.length);
	mail->text = field;
	if (chance(mail, 50))
		fold_b(mail);
	add_keys(mail, kind, selector);
}

void mail_make(struct mail *mail)
{
	mail->text = as_buf_new(mail->arena);
	add_header(mail);
	add_body(mail);
	size_t count = chance(mail, 25) ? 2 : 1;
	while (mail->signatures < count)
		sign(mail, mail->signatures++);
}

/* --- on the way ---------------------------------------------------------------------------------------------------- */

static size_t place(struct mail *mail, const struct as_buf *text)
{
	const char *body = strstr(text->text, "\r\n\r\n");
	size_t top = (size_t)(strstr(text->text, "\r\n") - text->text);
	size_t header = body ? (size_t)(body - text->text) : text->length;
	size_t how = mail_below(mail, 10);
	if (how < 3) /* the first line of the first signature */
		return mail_below(mail, top + 1);
	return mail_below(mail, how < 8 && header > 0 ? header + 3 : text->length + 1) % (text->length + 1);
}

static struct as_buf damaged(struct mail *mail, const struct as_buf *text, size_t at)
{
	static const char octets[] = " \t\r\n\0;:=bfAZ09.@\v\f\x7f\x80\xff";
	struct as_buf out = as_buf_new(mail->arena);
	size_t how = mail_below(mail, 4);
	char octet = chance(mail, 60) ? octets[mail_below(mail, sizeof octets - 1)] : (char)mail_below(mail, 256);
	if (how == 0 && at < text->length) /* the least change */
		octet = (char)(text->text[at] ^ 1 << mail_below(mail, 8));
	as_buf_add(&out, text->text, at);
	if (how < 3)
		as_buf_putc(&out, octet);
	at += how != 1 && at < text->length;
	as_buf_add(&out, text->text + at, text->length - at);
	return out;
}

void mail_damage(struct mail *mail)
{
	if (mail->record_count > 0 && chance(mail, 15)) {
		struct dkim_reference_txt *record = &mail->records[mail_below(mail, mail->record_count)];
		struct as_buf text = as_buf_new(mail->arena);
		as_buf_add(&text, record->text, record->length);
		text = damaged(mail, &text, mail_below(mail, text.length + 1));
		record->text = text.text;
		record->length = text.length;
		return;
	}
	size_t at = place(mail, &mail->text);
	mail->text = damaged(mail, &mail->text, at);
}
