/* SPDX-License-Identifier: BSD-2-Clause */
/* letters.c - the table of letters and what writes them. Everything a stranger decides is at its worst, everything else ordinary. */
#include "config.h"

#include "letters.h"

#include "dkim_sign.h"
#include "str.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KB = 1024, MB = KB * KB, ORDINARY = 20 * KB, LARGE = 50 * MB };

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* --- parts ------------------------------------------------------------------------------------------------------------ */

static void add_bytes(struct letter *letter, const char *name, const char *value, size_t n)
{
	letter->fields = as_grow(letter->arena, letter->fields, letter->field_count, sizeof *letter->fields);
	letter->fields[letter->field_count++] = (struct letter_field){ name, value, n };
}

static void add(struct letter *letter, const char *name, const char *value)
{
	add_bytes(letter, name, value, strlen(value));
}

/* One line of zone text. */
static void publish(struct letter *letter, const char *line)
{
	const char *detail = NULL;
	if (as_dns_fake_load(letter->fake, letter->arena, line, strlen(line), &detail) != AS_OK) {
		fprintf(stderr, "%s: %s\n", line, detail);
		exit(EXIT_FAILURE);
	}
}

static void publish_text(struct letter *letter, const char *name, const char *text)
{
	as_dns_fake_txt(letter->fake, name, text, strlen(text));
}

/* `piece` over and over; so many bytes, and a NUL. */
static char *repeat(struct as_arena *arena, const char *piece, size_t size)
{
	size_t n = strlen(piece);
	char *text = as_alloc(arena, size + 1);
	for (size_t at = 0; at < size; at += n)
		memcpy(text + at, piece, n < size - at ? n : size - at);
	return text;
}

static void set_body(struct letter *letter, const char *piece, size_t size)
{
	letter->body = repeat(letter->arena, piece, size);
	letter->body_size = size;
}

static const char line_of_text[] = "the quick brown fox jumps over the lazy dog and weighs an ounce\r\n";

static void add_author(struct letter *letter)
{
	add(letter, "From", " Bob <bob@evil.example>");
	add(letter, "To", " alice@example.net");
	add(letter, "Subject", " hello");
	add(letter, "Date", " Fri, 15 Jan 2027 08:00:00 +0000");
	add(letter, "Message-ID", " <1@evil.example>");
}

/* --- signing ---------------------------------------------------------------------------------------------------------- */

static EVP_PKEY *read_key(const struct letter *letter, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s.pem", letter->keys, name);
	FILE *file = fopen(path, "r");
	EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
	if (!key)
		die(path);
	fclose(file);
	return key;
}

/* A public key that nobody has the other half of: verifying with it costs as much as with any of its size. */
static const char *costly_record(struct letter *letter, int bits, const char *exponent)
{
	BIGNUM *n = BN_new(), *e = NULL;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (!BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) || !BN_hex2bn(&e, exponent) ||
	    !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) || !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
		die("key");
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
	if (EVP_PKEY_fromdata_init(context) <= 0 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) <= 0)
		die("key");
	const char *record = as_sign_record(letter->arena, key);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	BN_free(e);
	return record;
}

static struct as_buf text_of(const struct letter *letter)
{
	struct as_buf text = as_buf_new(letter->arena);
	for (size_t i = 0; i < letter->field_count; i++) {
		as_buf_puts(&text, letter->fields[i].name);
		as_buf_putc(&text, ':');
		as_buf_add(&text, letter->fields[i].value, letter->fields[i].value_length);
		as_buf_puts(&text, "\r\n");
	}
	as_buf_puts(&text, "\r\n");
	as_buf_add(&text, letter->body, letter->body_size);
	return text;
}

/* Fields, each on as many lines as it likes, up to where `text` ends or the next line is empty: new ones of the letter. */
static void take_fields(struct letter *letter, const char *text, size_t most)
{
	for (size_t i = 0; i < most && *text && *text != '\r'; i++) {
		const char *colon = strchr(text, ':'), *end = strstr(text, "\r\n");
		while (end[2] == ' ' || end[2] == '\t')
			end = strstr(end + 2, "\r\n");
		add_bytes(letter, as_strndup(letter->arena, text, (size_t)(colon - text)), colon + 1, (size_t)(end - colon - 1));
		text = end + 2;
	}
}

static void sign(struct letter *letter, const struct as_signer *signer)
{
	struct as_buf text = text_of(letter);
	take_fields(letter, as_sign(letter->arena, signer, text.text, text.length), 1);
}

static void seal(struct letter *letter, const struct as_sealer *sealer)
{
	enum { SET = 3 };
	struct as_buf text = text_of(letter);
	size_t size;
	take_fields(letter, as_seal_message(letter->arena, sealer, text.text, text.length, &size), SET);
}

/* --- the letters ------------------------------------------------------------------------------------------------------ */

static void ordinary(struct letter *letter)
{
	EVP_PKEY *key = read_key(letter, "rsa2048");
	add_author(letter);
	set_body(letter, line_of_text, ORDINARY);
	publish(letter, "evil.example. TXT \"v=spf1 include:a.evil.example include:b.evil.example include:c.evil.example -all\"");
	publish(letter, "a.evil.example. TXT \"v=spf1 ip4:198.51.100.0/25 -all\"");
	publish(letter, "b.evil.example. TXT \"v=spf1 ip4:198.51.100.128/25 -all\"");
	publish(letter, "c.evil.example. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"");
	publish(letter, "_dmarc.evil.example. TXT \"v=DMARC1; p=reject\"");
	for (int i = 0; i < 2; i++) {
		const char *selector = i ? "s1" : "s2";
		publish_text(letter, as_printf(letter->arena, "%s._domainkey.evil.example", selector), as_sign_record(letter->arena, key));
		sign(letter, &(struct as_signer){ .key = key, .domain = "evil.example", .selector = selector });
	}
	EVP_PKEY_free(key);
}

/* Signatures of domains far apart, each with eight labels to walk. */
static void sign_apart(struct letter *letter, const char *key_name, const char *record, unsigned keys)
{
	EVP_PKEY *key = read_key(letter, key_name);
	publish(letter, "_dmarc.evil.example. TXT \"v=DMARC1; p=reject\"");
	for (unsigned i = 0; i < 10; i++) {
		const char *domain = as_printf(letter->arena, "a.b.c.d.e.f.d%u.example", i);
		const char *name = as_printf(letter->arena, "s._domainkey.%s", domain);
		for (unsigned k = 1; k < keys; k++)
			publish_text(letter, name, record);
		publish_text(letter, name, as_sign_record(letter->arena, key));
		sign(letter, &(struct as_signer){ .key = key, .domain = domain, .selector = "s" });
	}
	EVP_PKEY_free(key);
}

static void signatures_valid(struct letter *letter)
{
	add_author(letter);
	set_body(letter, line_of_text, ORDINARY);
	sign_apart(letter, "rsa4096", NULL, 1);
}

static void signatures_many_keys(struct letter *letter)
{
	add_author(letter);
	set_body(letter, line_of_text, ORDINARY);
	sign_apart(letter, "rsa4096", costly_record(letter, 4096, "1FFFFFFFF"), 2);
}

/* The largest keys with the largest exponents, and signatures of that size. */
static void signatures_large_keys(struct letter *letter)
{
	const char *record = costly_record(letter, 8192, "10001");
	unsigned char bytes[8192 / 8] = { 0 };
	EVP_PKEY *key = read_key(letter, "rsa1024");
	memset(bytes + 1, 0x5a, sizeof bytes - 1);
	const char *b = as_sign_base64(letter->arena, bytes, sizeof bytes);
	add_author(letter);
	set_body(letter, line_of_text, ORDINARY);
	for (unsigned i = 0; i < 10; i++) {
		const char *value = as_printf(letter->arena, " v=1; a=rsa-sha256; c=relaxed/relaxed; d=d%u.example; s=s; h=from;"
					      " bh={bh}; b=%s", i, b);
		for (unsigned k = 0; k < 2; k++)
			publish_text(letter, as_printf(letter->arena, "s._domainkey.d%u.example", i), record);
		sign(letter, &(struct as_signer){ .key = key, .names = "from", .value = value });
	}
	EVP_PKEY_free(key);
}

static void signature_fields(struct letter *letter)
{
	add_author(letter);
	set_body(letter, line_of_text, ORDINARY);
	for (unsigned i = 0; i < 1000; i++)
		add(letter, "DKIM-Signature",
		    as_printf(letter->arena, " v=1; a=rsa-sha256; c=relaxed/relaxed; d=d%u.example; s=s; h=from:to:subject:date;\r\n"
			      "\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=%0342u", i, i));
}

/* As large as a signature field that is looked at can be, most of it in a tag that means nothing to us. */
static void signature_large(struct letter *letter)
{
	add_author(letter);
	set_body(letter, line_of_text, ORDINARY);
	for (unsigned i = 0; i < 60; i++)
		add(letter, "DKIM-Signature",
		    as_printf(letter->arena, " v=1; a=rsa-sha256; c=relaxed/relaxed; d=d%u.example; s=s; h=from; z=%s;\r\n"
			      "\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA", i,
			      repeat(letter->arena, "From:b=20=3D|", 15 * KB)));
}

/* As many fields as are looked at, each with a name as long as a hundred of them can be in h=, all alike up to the last letters. */
static void write_names(struct letter *letter, size_t fields)
{
	EVP_PKEY *key = read_key(letter, "rsa2048");
	const char *stem = repeat(letter->arena, "x", 150);
	struct as_buf names = as_buf_new(letter->arena);
	as_buf_puts(&names, "from");
	for (unsigned i = 0; i < 99; i++)
		as_buf_printf(&names, ":%s%04u", stem, i);
	add_author(letter);
	set_body(letter, line_of_text, ORDINARY);
	publish_text(letter, "s._domainkey.evil.example", as_sign_record(letter->arena, key));
	for (size_t i = 0; i < fields; i++)
		add(letter, as_printf(letter->arena, "%s%04zu", stem, 5000 + i), " 1");
	for (unsigned i = 0; i < 10; i++)
		sign(letter, &(struct as_signer){ .key = key, .domain = "evil.example", .selector = "s", .names = names.text });
	for (unsigned i = 0; i < 10; i++)
		seal(letter, &(struct as_sealer){
			.signer = { .key = key, .domain = "evil.example", .selector = "s", .names = names.text } });
	EVP_PKEY_free(key);
}

static void names(struct letter *letter)
{
	write_names(letter, 950);
}

static void names_most(struct letter *letter)
{
	write_names(letter, 4500);
}

static void seal_often(struct letter *letter, unsigned keys, const char *record)
{
	EVP_PKEY *key = read_key(letter, "rsa4096");
	add_author(letter);
	set_body(letter, line_of_text, ORDINARY);
	for (unsigned i = 0; i < 50; i++) {
		const char *domain = as_printf(letter->arena, "s%u.example", i);
		for (unsigned k = 1; k < keys; k++)
			publish_text(letter, as_printf(letter->arena, "s._domainkey.%s", domain), record);
		publish_text(letter, as_printf(letter->arena, "s._domainkey.%s", domain), as_sign_record(letter->arena, key));
		seal(letter, &(struct as_sealer){ .signer = { .key = key, .domain = domain, .selector = "s" } });
	}
	EVP_PKEY_free(key);
}

static void sets(struct letter *letter)
{
	seal_often(letter, 1, NULL);
}

static void sets_many_keys(struct letter *letter)
{
	seal_often(letter, 2, costly_record(letter, 4096, "1FFFFFFFF"));
}

static void write_plain(struct letter *letter)
{
	add_author(letter);
	set_body(letter, line_of_text, ORDINARY);
}

/* Ten terms with ten names each, for both identities. */
static void publish_tree(struct letter *letter, const char *domain)
{
	struct as_buf text = as_buf_new(letter->arena);
	as_buf_puts(&text, "v=spf1");
	for (unsigned i = 0; i < 10; i++)
		as_buf_printf(&text, " mx:m%u.%s", i, domain);
	as_buf_puts(&text, " -all");
	publish_text(letter, domain, text.text);
	for (unsigned i = 0; i < 10; i++)
		for (unsigned k = 0; k < 10; k++)
			publish(letter, as_printf(letter->arena, "m%u.%s. MX %u h%u%u.%s.\nh%u%u.%s. A 198.51.100.1", i, domain, k, i,
						  k, domain, i, k, domain));
}

static void spf_tree(struct letter *letter)
{
	write_plain(letter);
	publish_tree(letter, "evil.example");
	publish_tree(letter, "mx.evil.example");
}

/* Records of nearly the size of a message, one including the other. */
static void spf_text(struct letter *letter)
{
	write_plain(letter);
	letter->sender = "<bob@t0.example>";
	for (unsigned i = 0; i < 11; i++) {
		struct as_buf text = as_buf_new(letter->arena);
		as_buf_printf(&text, "v=spf1 include:t%u.example", i + 1);
		as_buf_puts(&text, repeat(letter->arena, " ip4:10.0.0.0/32", 60 * KB));
		publish_text(letter, as_printf(letter->arena, "t%u.example", i), text.text);
	}
}

static void spf_macros(struct letter *letter)
{
	write_plain(letter);
	letter->sender = as_printf(letter->arena, "<%s@evil.example>", repeat(letter->arena, "=-=.", 960));
	struct as_buf text = as_buf_new(letter->arena);
	as_buf_puts(&text, "v=spf1");
	for (unsigned i = 0; i < 10; i++)
		as_buf_printf(&text, " a:%s.x%u.evil.example", repeat(letter->arena, "%{l99r-.}%{S99r-.+}%{S}%{lr}", 28 * 7), i);
	publish_text(letter, "evil.example", text.text);
	publish(letter, "*.evil.example. A 127.0.0.2");
}

static void publish_ptr(struct letter *letter)
{
	for (unsigned i = 0; i < 20; i++)
		publish(letter, as_printf(letter->arena, "1.2.0.192.in-addr.arpa. PTR h%u.evil.example.\n"
					  "h%u.evil.example. A 198.51.100.1", i, i));
}

static void spf_ptr(struct letter *letter)
{
	write_plain(letter);
	publish_ptr(letter);
	publish_text(letter, "evil.example", "v=spf1 ptr ptr:x.evil.example a:%{p}.a.evil.example a:%{p}.b.evil.example"
		     " a:%{p}.c.evil.example a:%{p}.d.evil.example ptr:evil.example -all");
	publish(letter, "*.evil.example. A 127.0.0.2");
}

/* Many records, of strings of one octet, at every name that is asked for a policy or a key. */
static void texts(struct letter *letter)
{
	write_plain(letter);
	for (unsigned i = 0; i < 60; i++) {
		publish_text(letter, "_dmarc.evil.example", as_printf(letter->arena, "v=DMARC1; p=reject; rua=%s",
			     repeat(letter->arena, "mailto:a@evil.example,", 900)));
		publish_text(letter, "s._domainkey.evil.example", as_printf(letter->arena, "v=DKIM1; n=%s; p=AAAA",
			     repeat(letter->arena, "n", 900)));
		publish_text(letter, "evil.example", as_printf(letter->arena, "v=spf1 a mx ?ip4:10.0.0.%u %s", i,
			     repeat(letter->arena, "ip4:10.0.0.0/32 ", 880)));
	}
	add(letter, "DKIM-Signature", " v=1; a=rsa-sha256; c=relaxed/relaxed; d=evil.example; s=s; h=from;"
	    " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA");
}

static void from_comments(struct letter *letter)
{
	write_plain(letter);
	letter->fields[0].value = as_printf(letter->arena, " %s bob@evil.example",
					    repeat(letter->arena, "(@a.example(b)\\)) ", 900 * KB / 18 * 18));
	letter->fields[0].value_length = strlen(letter->fields[0].value);
}

static void from_fields(struct letter *letter)
{
	write_plain(letter);
	const char *authors = repeat(letter->arena, "a@\xc3\xa4\xc3\xb6.\xc3\xbc\xc3\x9f.example, ", 900);
	for (unsigned i = 0; i < 900; i++)
		add(letter, "From", as_printf(letter->arena, " %s", authors));
}

/* --- claims ----------------------------------------------------------------------------------------------------------- */

static void add_results(struct letter *letter, unsigned count, const char *value)
{
	write_plain(letter);
	for (unsigned i = 0; i < count; i++)
		add(letter, "Authentication-Results", value);
}

static void results(struct letter *letter)
{
	add_results(letter, 10000, " other.example; spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=evil.example");
}

static void results_pieces(struct letter *letter)
{
	add_results(letter, 5000, as_printf(letter->arena, " %s", repeat(letter->arena, "a ", 2 * KB)));
}

static void results_comments(struct letter *letter)
{
	add_results(letter, 100, as_printf(letter->arena, " %s", repeat(letter->arena, "(()())a", 90 * KB / 7 * 7)));
}

static void results_idn(struct letter *letter)
{
	add_results(letter, 10000, as_printf(letter->arena, " %s.other.example; spf=pass", repeat(letter->arena, "\xc3\xa4 ", 45)));
}

static void results_forged(struct letter *letter)
{
	add_results(letter, 10000, " mx.example.net; dmarc=pass");
}

/* --- quantities ------------------------------------------------------------------------------------------------------- */

static void fields_small(struct letter *letter)
{
	write_plain(letter);
	for (unsigned i = 0; i < MB; i++)
		add_bytes(letter, "A", "", 0);
}

static void fields_most(struct letter *letter)
{
	write_plain(letter);
	for (unsigned i = 0; i < 19000; i++)
		add(letter, "DKIM-Signaturf", " v=1");
}

static void lists(struct letter *letter)
{
	write_plain(letter);
	publish(letter, "_dmarc.evil.example. TXT \"v=DMARC1; p=reject\"");
	for (unsigned i = 0; i < 10; i++)
		add(letter, "List-Id", as_printf(letter->arena, " %s <l.evil.example>", repeat(letter->arena, "<>", 90 * KB)));
}

static void resets(struct letter *letter)
{
	write_plain(letter);
	letter->resets = 1000;
	publish_tree(letter, "mx.evil.example");
}

static void recipients(struct letter *letter)
{
	enum { MANY = 10000 };
	write_plain(letter);
	letter->recipients = as_alloc_array(letter->arena, MANY, sizeof *letter->recipients);
	for (letter->recipient_count = 0; letter->recipient_count < MANY; letter->recipient_count++)
		letter->recipients[letter->recipient_count] =
			as_printf(letter->arena, "<%s%zu@example.net>", repeat(letter->arena, "a", 990), letter->recipient_count);
}

/* --- bodies ----------------------------------------------------------------------------------------------------------- */

/* Every kind of body hash that one message can ask for. */
static void write_body(struct letter *letter, const char *piece, size_t size)
{
	static const char *const canons[] = { "relaxed/relaxed", "relaxed/simple" };
	EVP_PKEY *key = read_key(letter, "rsa1024");
	add_author(letter);
	set_body(letter, piece, size);
	publish_text(letter, "s._domainkey.evil.example", as_sign_record(letter->arena, key));
	letter->body_size = 0; /* signed when it was empty: who checks cannot know before the end */
	for (unsigned i = 0; i < 5; i++)
		sign(letter, &(struct as_signer){ .key = key, .domain = "evil.example", .selector = "s", .canon = canons[i % 2],
						  .has_length = i > 1, .length = size / 2 + i });
	for (unsigned i = 0; i < 10; i++)
		seal(letter, &(struct as_sealer){ .signer = { .key = key, .domain = "evil.example", .selector = "s", .canon = canons[i % 2],
							      .has_length = true, .length = size / 2 - i } });
	letter->body_size = size;
	EVP_PKEY_free(key);
}

static void body_text(struct letter *letter)
{
	write_body(letter, line_of_text, LARGE);
}

static void body_line(struct letter *letter)
{
	write_body(letter, "x", LARGE);
}

static void body_cr(struct letter *letter)
{
	write_body(letter, "\r", LARGE);
}

static void body_spaces(struct letter *letter)
{
	write_body(letter, " ", LARGE);
}

static void body_ends(struct letter *letter)
{
	write_body(letter, "\r\n", LARGE);
}

static void body_words(struct letter *letter)
{
	write_body(letter, "a \t", LARGE);
}

static void body_mixed(struct letter *letter)
{
	write_body(letter, "a\r \r\n", LARGE);
}

/* --- zones ------------------------------------------------------------------------------------------------------------ */

/* Each answer late, and each needed before the next can be asked. */
static void slow(struct letter *letter)
{
	write_plain(letter);
	for (unsigned i = 0; i < 10; i++)
		publish(letter, as_printf(letter->arena, "t%u.evil.example. TXT \"v=spf1 include:t%u.evil.example -all\"\n"
					  "$DELAY 1900 t%u.evil.example", i, i + 1, i));
	publish(letter, "evil.example. TXT \"v=spf1 include:t0.evil.example -all\"\n$DELAY 1900 evil.example\n"
		"$DELAY 1900 _dmarc.evil.example\n$TIMEOUT t9.evil.example");
}

static void silent(struct letter *letter)
{
	spf_tree(letter);
	publish(letter, "$TIMEOUT evil.example\n$TIMEOUT mx.evil.example\n$TIMEOUT _dmarc.evil.example");
}

const struct letter_kind letter_kinds[] = {
	{ "ordinary", "20 KB, two RSA-2048 signatures, SPF with three includes, DMARC", "", ordinary },
	{ "signatures-valid", "ten RSA-4096 signatures that pass, of ten organizations", "", signatures_valid },
	{ "signatures-many-keys", "the same with two keys at each name, the wrong one first", "", signatures_many_keys },
	{ "signatures-large-keys", "ten signatures, two keys of the largest size each", "", signatures_large_keys },
	{ "signature-fields", "1,000 signature fields", "maximum-header-fields = 20000", signature_fields },
	{ "signature-large", "60 signature fields of 15 KB", "", signature_large },
	{ "names", "950 fields, 10 signatures and 10 ARC sets with 100 long names in h=", "", names },
	{ "names-most", "4,500 such fields", "maximum-header-fields = 20000", names_most },
	{ "sets", "50 ARC sets with RSA-4096 that pass", "", sets },
	{ "sets-many-keys", "the same with two keys at each name, the wrong one first", "", sets_many_keys },
	{ "spf-tree", "ten mx with ten names each, for the sender and for HELO", "", spf_tree },
	{ "spf-text", "eleven SPF records of 60 KB, one including the next", "", spf_text },
	{ "spf-macros", "ten terms with 28 macros of a local part of 960 octets", "", spf_macros },
	{ "spf-ptr", "ptr and %{p} over twenty names", "", spf_ptr },
	{ "texts", "60 records of 1 KB at every name", "", texts },
	{ "from-comments", "one From field with 900 KB of comments", "", from_comments },
	{ "from-fields", "900 From fields with U-labels", "", from_fields },
	{ "results", "10,000 Authentication-Results fields of others", "dmarc { on-malformed-from = \"accept\" }", results },
	{ "results-pieces", "5,000 with an id of 1,000 pieces", "dmarc { on-malformed-from = \"accept\" }", results_pieces },
	{ "results-comments", "100 of 90 KB of comments", "dmarc { on-malformed-from = \"accept\" }", results_comments },
	{ "results-idn", "10,000 with an id of U-labels in pieces", "dmarc { on-malformed-from = \"accept\" }", results_idn },
	{ "results-forged", "10,000 with our id", "dmarc { on-malformed-from = \"accept\" }", results_forged },
	{ "fields-small", "1,048,576 fields of one letter", "dmarc { on-malformed-from = \"accept\" }", fields_small },
	{ "fields-most", "19,000 fields", "maximum-header-fields = 20000", fields_most },
	{ "lists", "10 List-Id fields of 90 KB", "", lists },
	{ "resets", "1,000 MAIL and RSET before the message, each of another domain", "", resets },
	{ "recipients", "10,000 recipients of 1 KB", "", recipients },
	{ "body-text", "50 MB of text, 9 kinds of body hash", "", body_text },
	{ "body-line", "50 MB without a line end", "", body_line },
	{ "body-cr", "50 MB of CR", "", body_cr },
	{ "body-spaces", "50 MB of spaces", "", body_spaces },
	{ "body-ends", "50 MB of empty lines", "", body_ends },
	{ "body-words", "50 MB of one-letter words", "", body_words },
	{ "body-mixed", "50 MB of CR, spaces and line ends", "", body_mixed },
	{ "slow", "eleven SPF records, each after 1.9 s and the last never", "", slow },
	{ "silent", "no answer at all", "", silent },
	{ .name = NULL },
};
