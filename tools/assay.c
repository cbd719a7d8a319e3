/* SPDX-License-Identifier: BSD-2-Clause */
/* assay.c - the command-line tool: finds the sub-command. */
#include "config.h"

#include "assay.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static const struct command commands[] = {
	{ "message", as_command_message, "judge a mail file as assayd would" },
	{ "migrate", as_command_migrate, "make an assay.conf of opendkim.conf and opendmarc.conf" },
	{ "why", as_command_why, "explain what was decided about a message" },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *out)
{
	fputs("usage: assay COMMAND [OPTION...]\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\nassay COMMAND --help tells more; so does assay(1).\n", out);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return EX_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts(PACKAGE_STRING);
		return EX_OK;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "assay: there is no command \"%s\"\n", argv[1]);
	usage(stderr);
	return EX_USAGE;
}
