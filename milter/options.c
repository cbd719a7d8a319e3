/* SPDX-License-Identifier: BSD-2-Clause */
/* options.c - getopt_long and the words for people. */
#include "config.h"

#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

static const char usage[] =
	"usage: assayd [-fnv] [-c FILE]\n"
	"       assayd -V | -h\n"
	"  -f, --foreground   stay in the foreground\n"
	"  -n, --check        check the configuration, print the decision matrix, leave\n"
	"  -c, --config FILE  configuration file (default " AS_SYSCONFDIR "/assay/assay.conf)\n"
	"  -v, --verbose      log at level debug\n"
	"  -V, --version      print the version\n"
	"  -h, --help         print this help\n"
	"Without -f and -n assayd goes to the background. More in assayd(8).\n";

static const struct option long_options[] = {
	{ "foreground", no_argument, NULL, 'f' }, { "check", no_argument, NULL, 'n' },   { "config", required_argument, NULL, 'c' },
	{ "verbose", no_argument, NULL, 'v' },    { "version", no_argument, NULL, 'V' }, { "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

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
	while (!options.is_done && (c = getopt_long(argc, argv, "fnvVhc:", long_options, NULL)) != -1) {
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
