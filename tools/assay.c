/* SPDX-License-Identifier: BSD-2-Clause */
/* assay.c - the command-line tool: finds the sub-command. */
#include "config.h"

#include "assay.h"

#include "arena.h"
#include "near.h"
#include "str.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

struct command {
	const char *name, *title; /* getopt begins its complaints with the title */
	int (*run)(int argc, char **argv);
	const char *help;
};

static const struct command commands[] = {
	{ "message", "assay message", as_command_message, "judge a mail file as assayd would" },
	{ "migrate", "assay migrate", as_command_migrate, "make an assay.conf of opendkim.conf and opendmarc.conf" },
	{ "why", "assay why", as_command_why, "explain what was decided about a message" },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *out)
{
	fputs("usage: assay COMMAND [OPTION...]\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\nassay COMMAND --help tells more; so does assay(1).\n", out);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int refuse(const char *name)
{
	struct as_arena *arena = as_arena_new();
	struct as_near near = as_near_new(name);
	for (size_t i = 0; i < COMMANDS; i++)
		as_near_try(&near, commands[i].name);
	fprintf(stderr, "assay: there is no command \"%s\"; %s\n", as_escape(arena, name, strlen(name), 80),
		as_near_question(arena, &near, "there are:"));
	as_arena_free(arena);
	usage(stderr);
	return EX_USAGE;
}

/* What could not be written, a full disk's part of a new configuration for example, is no success. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	perror("assay: standard output");
	return EX_IOERR;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return finish(EX_OK);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts(PACKAGE_STRING);
		return finish(EX_OK);
	}
	const struct command *command = find(argv[1]);
	if (!command)
		return refuse(argv[1]);
	argv[1] = (char *)command->title;
	return finish(command->run(argc - 1, argv + 1));
}
