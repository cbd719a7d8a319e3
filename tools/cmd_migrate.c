/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_migrate.c - `assay migrate`: reads opendkim.conf and opendmarc.conf, prints an assay.conf. */
#include "config.h"

#include "assay.h"

#include "migrate.h"
#include "str.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { FILE_MAX = 1 << 20 };

static const struct option long_options[] = {
	{ "opendkim", required_argument, NULL, 'k' },
	{ "opendmarc", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
	fputs("usage: assay migrate [--opendkim FILE] [--opendmarc FILE]\n\n"
	      "Prints an assay.conf that does what these configurations did, and says what has no equivalent.\n",
	      out);
}

static const char *read_text(struct as_arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	struct as_buf text = as_buf_new(arena);
	char piece[4096];
	for (size_t n; text.length < FILE_MAX && (n = fread(piece, 1, sizeof piece, file)) > 0;)
		as_buf_add(&text, piece, n);
	fclose(file);
	return text.text;
}

int as_command_migrate(int argc, char **argv)
{
	struct as_migrate_input inputs[2];
	size_t count = 0;
	struct as_arena *arena = as_arena_new();
	int status = EX_OK;
	for (int c; !status && (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
		if (c == 'h') {
			usage(stdout);
			as_arena_free(arena);
			return EX_OK;
		}
		if (c == '?' || count == 2) {
			status = EX_USAGE;
			break;
		}
		const char *slash = strrchr(optarg, '/');
		inputs[count].source = c == 'k' ? AS_MIGRATE_OPENDKIM : AS_MIGRATE_OPENDMARC;
		inputs[count].name = as_escape(arena, slash ? slash + 1 : optarg, strlen(slash ? slash + 1 : optarg), 64);
		inputs[count].text = read_text(arena, optarg);
		if (!inputs[count++].text) {
			fprintf(stderr, "assay migrate: %s: %s\n", optarg, strerror(errno));
			status = EX_NOINPUT;
		}
	}
	if (!status && (count == 0 || optind < argc))
		status = EX_USAGE;
	if (status == EX_USAGE)
		usage(stderr);
	if (!status)
		fputs(as_migrate(arena, inputs, count), stdout);
	as_arena_free(arena);
	return status;
}
