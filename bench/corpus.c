/* SPDX-License-Identifier: BSD-2-Clause */
/* corpus.c - makes mails for benchmarks, and the zone that they need. The same arguments give the same files.
 *
 * usage: corpus KEYS DIR WIDE
 * KEYS has rsa1024.pem, rsa2048.pem, rsa4096.pem and ed25519.pem. Into DIR go:
 *   hot/    50 mails of 50 domains, 20 KB, two RSA-2048 signatures
 *   wide/   WIDE mails, each of a domain of its own, else the same: nothing about them can be cached
 *   mixed/  every kind in the table below, of the hot domains
 *   zone    the zone "example.": SPF with three includes, two keys and DMARC for each domain; more keys for the hot ones
 * A mail is one line "CLIENT HELO SENDER", then the message.
 */
#include "config.h"

#include "dkim_sign.h"
#include "str.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HOT = 50, KB = 1024, TXT_STRING = 255 };

enum key { RSA_2048, RSA_1024, RSA_4096, ED25519, KEYS };
static const char *const key_files[KEYS] = { "rsa2048", "rsa1024", "rsa4096", "ed25519" };

/* What a domain publishes: selector and key. Domains of the wide set have the first two. */
static const struct selector {
	const char *name;
	enum key key;
} selectors[] = {
	{ "s1", RSA_2048 }, { "s2", RSA_2048 }, { "s3", RSA_2048 }, { "r1024", RSA_1024 }, { "r4096", RSA_4096 }, { "ed", ED25519 },
};
enum { S1 = 1, S2 = 2, S3 = 4, R1024 = 8, R4096 = 16, ED = 32, SELECTORS = 6, WIDE_SELECTORS = 2 };

enum path { DIRECT, ELSEWHERE }; /* does SPF pass? */
enum damage { INTACT, BODY_CHANGED };

static const struct kind {
	const char *name;
	unsigned selectors; /* who signs */
	size_t size;
	enum path path;
	enum damage damage;
} typical = { "typical", S1 | S2, 20 * KB, DIRECT, INTACT }, kinds[] = {
	{ "rsa1024", R1024, 20 * KB, DIRECT, INTACT },
	{ "rsa2048", S1, 20 * KB, DIRECT, INTACT },
	{ "rsa4096", R4096, 20 * KB, DIRECT, INTACT },
	{ "ed25519", ED, 20 * KB, DIRECT, INTACT },
	{ "rsa-and-ed25519", S1 | ED, 20 * KB, DIRECT, INTACT },
	{ "three-signatures", S1 | S2 | S3, 20 * KB, DIRECT, INTACT },
	{ "five-signatures", S1 | S2 | R1024 | R4096 | ED, 20 * KB, DIRECT, INTACT },
	{ "unsigned", 0, 20 * KB, DIRECT, INTACT },
	{ "2-kb", S1 | S2, 2 * KB, DIRECT, INTACT },
	{ "200-kb", S1 | S2, 200 * KB, DIRECT, INTACT },
	{ "5-mb", S1 | S2, 5 * KB * KB, DIRECT, INTACT },
	{ "spoof", 0, 20 * KB, ELSEWHERE, INTACT },
	{ "forward", S1 | S2, 20 * KB, ELSEWHERE, INTACT },
	{ "list", S1 | S2, 20 * KB, ELSEWHERE, BODY_CHANGED },
	{ "broken-body", S1 | S2, 20 * KB, DIRECT, BODY_CHANGED },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const char *const words[] = {
	"assay", "metal", "touchstone", "gold", "silver", "a", "the", "of", "weighs", "ounce", "crucible", "furnace", "lead", "and",
	"cupel", "is", "pure", "mint", "mark", "hall", "grain", "scale", "proof", "acid", "needle", "to", "test", "true",
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "wb");
	if (!file)
		die(path);
	return file;
}

static void finish(FILE *file, const char *path)
{
	if (fclose(file) != 0)
		die(path);
}

static void read_keys(const char *folder, EVP_PKEY **keys)
{
	for (int i = 0; i < KEYS; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s.pem", folder, key_files[i]);
		FILE *file = fopen(path, "r");
		keys[i] = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
		if (!keys[i])
			die(path);
		fclose(file);
	}
}

/* --- mails ------------------------------------------------------------------------------------------------------------ */

/* The same numbers everywhere: a linear congruential generator, its upper bits. */
static unsigned draw(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

static void add_words(struct as_buf *text, size_t size, unsigned seed)
{
	const size_t end = text->length + size, word_count = sizeof words / sizeof words[0];
	size_t column = 0;
	while (text->length < end) {
		const char *word = words[draw(&seed) % word_count];
		column += strlen(word) + 1;
		as_buf_puts(text, word);
		as_buf_puts(text, column > 66 ? "\r\n" : " ");
		column = column > 66 ? 0 : column;
	}
	as_buf_puts(text, "\r\n");
}

static struct as_buf compose(struct as_arena *arena, const char *domain, const struct kind *kind, unsigned seed)
{
	struct as_buf text = as_buf_new(arena);
	as_buf_printf(&text, "Received: from out.%s (out.%s [198.51.100.7])\r\n\tby relay.%s with ESMTPS id 4XyZ%u;\r\n"
		      "\tFri, 15 Jan 2027 07:59:58 +0000\r\n", domain, domain, domain, seed);
	as_buf_printf(&text, "From: Bob <bob@%s>\r\nTo: Alice <alice@example.net>\r\nSubject: %s %u\r\n", domain, kind->name, seed);
	as_buf_printf(&text, "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\nMessage-ID: <%u.%s@%s>\r\n", seed, kind->name, domain);
	as_buf_puts(&text, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n");
	add_words(&text, kind->size, seed);
	return text;
}

static void write_mail(const char *path, const char *domain, const struct kind *kind, unsigned seed, EVP_PKEY *const *keys)
{
	struct as_arena *arena = as_arena_new();
	struct as_buf text = compose(arena, domain, kind, seed);
	char *message = text.text;
	size_t size = text.length;
	for (int i = 0; i < SELECTORS; i++)
		if (kind->selectors & 1u << i)
			message = as_sign_message(arena, &(struct as_signer){
				.key = keys[selectors[i].key], .domain = domain, .selector = selectors[i].name,
				.names = "from:to:subject:date:message-id:mime-version:content-type" }, message, size, &size);
	FILE *file = create(path);
	const char *client = kind->path == DIRECT ? "192.0.2.1 mx" : "203.0.113.9 relay";
	fprintf(file, "%s.%s <bob@%s>\r\n", client, domain, domain);
	fwrite(message, 1, size, file);
	if (kind->damage == BODY_CHANGED)
		fputs("-- \r\nA footer that was not signed\r\n", file);
	finish(file, path);
	as_arena_free(arena);
}

/* --- the zone --------------------------------------------------------------------------------------------------------- */

static void write_txt(FILE *zone, const char *name, const char *text)
{
	fprintf(zone, "%s 300 IN TXT", name);
	for (size_t at = 0, size = strlen(text); at < size; at += TXT_STRING)
		fprintf(zone, " \"%.*s\"", TXT_STRING, text + at);
	fputc('\n', zone);
}

static void write_domain(FILE *zone, const char *label, int selector_count, char *const *records)
{
	static const char *const networks[] = { "198.51.100.0/25", "198.51.100.128/25", "192.0.2.0/24" }; /* the last one passes */
	char name[128], text[512];
	snprintf(text, sizeof text, "v=spf1 include:a.%s.example include:b.%s.example include:c.%s.example -all", label, label, label);
	write_txt(zone, label, text);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "%c.%s", "abc"[i], label);
		snprintf(text, sizeof text, "v=spf1 ip4:%s -all", networks[i]);
		write_txt(zone, name, text);
	}
	for (int i = 0; i < selector_count; i++) {
		snprintf(name, sizeof name, "%s._domainkey.%s", selectors[i].name, label);
		write_txt(zone, name, records[selectors[i].key]);
	}
	snprintf(name, sizeof name, "_dmarc.%s", label);
	write_txt(zone, name, "v=DMARC1; p=reject");
	fprintf(zone, "%s 300 IN MX 10 mx.%s\nmx.%s 300 IN A 192.0.2.1\n", label, label, label);
}

static void make_folder(const char *dir, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		die(path);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: corpus KEYS DIR WIDE\n", stderr);
		return EXIT_FAILURE;
	}
	const char *dir = argv[2];
	const unsigned wide = (unsigned)strtoul(argv[3], NULL, 10);
	struct as_arena *arena = as_arena_new();
	EVP_PKEY *keys[KEYS];
	char *records[KEYS], path[4096], label[32], domain[64];
	read_keys(argv[1], keys);
	for (int i = 0; i < KEYS; i++)
		records[i] = as_sign_record(arena, keys[i]);
	make_folder(dir, "hot");
	make_folder(dir, "wide");
	make_folder(dir, "mixed");
	snprintf(path, sizeof path, "%s/zone", dir);
	FILE *zone = create(path);
	fputs("$ORIGIN example.\n@ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n", zone);
	for (unsigned i = 0; i < HOT + wide; i++) {
		const bool is_hot = i < HOT;
		const unsigned number = is_hot ? i : i - HOT;
		snprintf(label, sizeof label, "%s%u", is_hot ? "hot" : "wide", number);
		snprintf(domain, sizeof domain, "%s.example", label);
		write_domain(zone, label, is_hot ? SELECTORS : WIDE_SELECTORS, records);
		snprintf(path, sizeof path, "%s/%s/%06u.mail", dir, is_hot ? "hot" : "wide", number);
		write_mail(path, domain, &typical, i, keys);
	}
	snprintf(path, sizeof path, "%s/zone", dir);
	finish(zone, path);
	for (unsigned i = 0; i < KINDS; i++) {
		snprintf(domain, sizeof domain, "hot%u.example", i);
		snprintf(path, sizeof path, "%s/mixed/%s.mail", dir, kinds[i].name);
		write_mail(path, domain, &kinds[i], i, keys);
	}
	for (int i = 0; i < KEYS; i++)
		EVP_PKEY_free(keys[i]);
	as_arena_free(arena);
	return EXIT_SUCCESS;
}
