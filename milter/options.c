/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c - getopt and the words for people. */
#include "config.h"

#include "options.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

static const char usage[] =
	"usage: assayd [-fnv] [-c file]\n"
	"       assayd -V | -h\n"
	"  -f       stay in the foreground\n"
	"  -n       check the configuration, print the decision matrix, leave\n"
	"  -c file  configuration file (default " AS_SYSCONFDIR "/assay/assay.conf)\n"
	"  -v       log at level debug\n"
	"  -V       print the version\n"
	"  -h       print this help\n";

static void finish(struct as_options *options, FILE *out, const char *text, int status)
{
	fputs(text, out);
	options->is_done = true;
	options->status = status;
}

struct as_options as_options_parse(int argc, char **argv)
{
	struct as_options options = { .file = AS_SYSCONFDIR "/assay/assay.conf" };
	int c;
	while (!options.is_done && (c = getopt(argc, argv, "fnvVhc:")) != -1) {
		if (c == 'f')
			options.is_foreground = true;
		else if (c == 'n')
			options.is_check = true;
		else if (c == 'v')
			options.is_verbose = true;
		else if (c == 'V')
			finish(&options, stdout, "assayd " PACKAGE_VERSION "\n", EX_OK);
		else if (c == 'h')
			finish(&options, stdout, usage, EX_OK);
		else if (c == 'c')
			options.file = optarg, options.is_file_given = true;
		else
			finish(&options, stderr, usage, EX_USAGE);
	}
	if (!options.is_done && optind < argc) {
		fprintf(stderr, "assayd: unexpected argument '%s'\n", argv[optind]);
		finish(&options, stderr, usage, EX_USAGE);
	}
	return options;
}
