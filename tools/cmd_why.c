/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_why.c - `assay why ID`: finds the trace of a message by queue id or decision id and shows it. */
#include "config.h"

#include "assay.h"

#include "arena.h"
#include "settings.h"
#include "trace.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' }, { "file", required_argument, NULL, 'f' }, { "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },         { NULL, 0, NULL, 0 },
};

struct options {
	const char *config;
	const char *file;
	const char *id;
	bool wants_json;
};

static void usage(FILE *out)
{
	fputs("usage: assay why [--config FILE | --file FILE] [--json] ID\n\n"
	      "Explains what assayd decided about a message and what the decision rests on. Needs trace { enable = true }.\n"
	      "  ID        queue id of the message, or the name in brackets at the end of an SMTP reply\n"
	      "  --config  the assay.conf that says where traces are kept\n"
	      "  --file    the file with the traces\n"
	      "  --json    the trace as it is kept\n",
	      out);
}

static int complain(const char *what, const char *detail, int status)
{
	fprintf(stderr, "assay why: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	return status;
}

/* -1: help was printed. */
static int read_options(int argc, char **argv, struct options *options)
{
	for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
		switch (c) {
		case 'c': options->config = optarg; break;
		case 'f': options->file = optarg; break;
		case 'j': options->wants_json = true; break;
		case 'h': usage(stdout); return -1;
		default: usage(stderr); return EX_USAGE;
		}
	}
	if (argc - optind != 1 || !*argv[optind]) {
		usage(stderr);
		return EX_USAGE;
	}
	options->id = argv[optind];
	size_t n = strlen(options->id);
	if (n > 2 && argv[optind][0] == '[' && argv[optind][n - 1] == ']') { /* as it stands in the reply */
		argv[optind][n - 1] = '\0';
		options->id++;
	}
	return EX_OK;
}

/* The latest line about the message in one file; NULL without. malloc'ed. errno is 0 when the file could be read. */
static char *find_in(const char *path, const char *id)
{
	char *line = NULL, *found = NULL;
	size_t room = 0;
	FILE *file = fopen(path, "r");
	if (!file)
		return NULL;
	for (ssize_t n; (n = getline(&line, &room, file)) > 0;) {
		if (!as_trace_is_about(line, id))
			continue;
		free(found);
		found = as_xstrdup(line);
	}
	free(line);
	fclose(file);
	errno = 0;
	return found;
}

static int show(struct as_arena *arena, const struct options *options, const char *path)
{
	const char *text;
	char *line = find_in(path, options->id);
	int trouble = errno;
	if (!line)
		line = find_in(as_printf(arena, "%s.1", path), options->id);
	if (!line && trouble == ENOENT)
		return complain(path, "No such file or directory; assayd keeps traces with trace { enable = true } in its configuration",
				EX_NOINPUT);
	if (!line && trouble)
		return complain(path, strerror(trouble), EX_NOINPUT);
	if (!line)
		return complain(as_printf(arena, "%s: no trace of this message, or none any more", path), options->id, EX_UNAVAILABLE);
	int status = EX_OK;
	if (options->wants_json)
		fputs(line, stdout);
	else if (as_trace_text(arena, line, &text) == AS_OK)
		fputs(text, stdout);
	else
		status = complain("the trace is damaged", options->id, EX_DATAERR);
	free(line);
	return status;
}

static int trace_file(struct as_arena *arena, const struct options *options, const char **path)
{
	const struct as_settings *settings;
	const char *detail = NULL, *standard = AS_SYSCONFDIR "/assay/assay.conf";
	const char *config = options->config ? options->config : standard;
	enum as_err err = as_settings_load(arena, config, &settings, &detail);
	if (err == AS_ERR_SYSTEM && !options->config)
		err = as_settings_load(arena, NULL, &settings, &detail);
	if (err)
		return complain(detail, NULL, err == AS_ERR_SYSTEM ? EX_NOINPUT : EX_CONFIG);
	*path = settings->trace.file;
	return EX_OK;
}

int as_command_why(int argc, char **argv)
{
	struct options options = { 0 };
	int status = read_options(argc, argv, &options);
	if (status)
		return status < 0 ? EX_OK : status;
	struct as_arena *arena = as_arena_new();
	const char *path = options.file;
	if (!path)
		status = trace_file(arena, &options, &path);
	if (!status)
		status = show(arena, &options, path);
	as_arena_free(arena);
	return status;
}
