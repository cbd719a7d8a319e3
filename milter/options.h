/* SPDX-License-Identifier: BSD-2-Clause */
/* options.h - the command line of assayd. */
#ifndef AS_OPTIONS_H
#define AS_OPTIONS_H

#include <stdbool.h>

struct as_options {
	const char *file;      /* the configuration file: -c, else the default one */
	bool is_file_given;    /* -c was used: a missing file is an error */
	bool is_foreground;    /* -f */
	bool is_check;         /* -n */
	bool is_verbose;       /* -v */
	bool is_done;          /* -h or -V: everything is said, leave with `status` */
	int status;
};

/* Reads the command line. Wrong usage is said on stderr and leaves is_done with EX_USAGE. Strings are borrowed from argv. */
struct as_options as_options_parse(int argc, char **argv);

#endif
