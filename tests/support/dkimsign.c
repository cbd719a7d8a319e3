/* SPDX-License-Identifier: BSD-2-Clause */
/* dkimsign.c - signs a message from standard input, or makes a key; for demonstrations and tests.
 *
 * dkimsign -k KEY.pem -d DOMAIN -s SELECTOR [-a ALG] [-c CANON] [-h NAMES] [-i IDENTITY] [-l LENGTH] [-t TAGS] < message
 * dkimsign -k KEY.pem -d DOMAIN -s SELECTOR -A RESULTS [-C CV] < message       adds one ARC set more
 * dkimsign -k KEY.pem -g rsa2048|rsa1024|ed25519       writes KEY.pem, prints the text of the TXT record
 * dkimsign -k KEY.pem -p                               prints the text of the TXT record
 * Line ends may be LF or CRLF; what comes out has those of the first line that went in.
 */
#include "config.h"

#include "dkim_sign.h"
#include "str.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "dkimsign: %s\n", what);
	exit(EXIT_FAILURE);
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	if (!key)
		die("this is not a private key in PEM form");
	return key;
}

static EVP_PKEY *make_key(const char *path, const char *kind)
{
	EVP_PKEY *key = as_sign_new_key(kind);
	if (!key)
		die("unknown kind of key: rsaBITS or ed25519");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	bool is_written = PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	if (fclose(file) != 0 || !is_written)
		die("the key cannot be written");
	return key;
}

/* Standard input with CRLF line ends. */
static struct as_buf read_message(struct as_arena *arena, bool *has_crlf)
{
	struct as_buf in = as_buf_new(arena);
	bool is_first = true;
	*has_crlf = false;
	for (int c, last = 0; (c = getchar()) != EOF; last = c) {
		if (c == '\n' && last != '\r')
			as_buf_putc(&in, '\r');
		if (c == '\n' && is_first)
			*has_crlf = last == '\r', is_first = false;
		as_buf_putc(&in, (char)c);
	}
	return in;
}

static void write_message(const char *bytes, size_t n, bool has_crlf)
{
	for (size_t i = 0; i < n; i++)
		if (has_crlf || bytes[i] != '\r' || i + 1 == n || bytes[i + 1] != '\n')
			putchar(bytes[i]);
	if (fflush(stdout) != 0)
		die("standard output cannot be written");
}

static void sign(struct as_arena *arena, const struct as_sealer *sealer)
{
	bool has_crlf;
	size_t size;
	struct as_buf in = read_message(arena, &has_crlf);
	const char *out = sealer->results ? as_seal_message(arena, sealer, in.text, in.length, &size)
					  : as_sign_message(arena, &sealer->signer, in.text, in.length, &size);
	write_message(out, size, has_crlf);
}

int main(int argc, char **argv)
{
	struct as_sealer sealer = { 0 };
	struct as_signer *signer = &sealer.signer;
	const char *path = NULL, *kind = NULL;
	bool wants_record = false;
	for (int option; (option = getopt(argc, argv, "A:C:a:c:d:g:h:i:k:l:ps:t:")) != -1;) {
		switch (option) {
		case 'A': sealer.results = optarg; break;
		case 'C': sealer.cv = optarg; break;
		case 'a': signer->algorithm = optarg; break;
		case 'c': signer->canon = optarg; break;
		case 'd': signer->domain = optarg; break;
		case 'g': kind = optarg; break;
		case 'h': signer->names = optarg; break;
		case 'i': signer->identity = optarg; break;
		case 'k': path = optarg; break;
		case 'l': signer->has_length = true, signer->length = strtoul(optarg, NULL, 10); break;
		case 'p': wants_record = true; break;
		case 's': signer->selector = optarg; break;
		case 't': signer->tags = optarg; break;
		default: return EXIT_FAILURE;
		}
	}
	if (!path)
		die("-k KEY.pem is missing");
	struct as_arena *arena = as_arena_new();
	signer->key = kind ? make_key(path, kind) : read_key(path);
	if (kind || wants_record)
		printf("%s\n", as_sign_record(arena, signer->key));
	else
		sign(arena, &sealer);
	EVP_PKEY_free(signer->key);
	as_arena_free(arena);
	return EXIT_SUCCESS;
}
