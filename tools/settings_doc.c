/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_doc.c - prints what is made from the table of keywords: `settings_doc sample` conf/assay.conf, `settings_doc man` the keyword
 * part of man/assay.conf.5. Not installed. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

static const struct {
	const char *name;
	void (*write)(FILE *out);
} documents[] = { { "sample", as_settings_write_sample }, { "man", as_settings_write_man } };

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof documents / sizeof *documents; i++) {
		if (strcmp(argv[1], documents[i].name) != 0)
			continue;
		documents[i].write(stdout);
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	fputs("usage: settings_doc sample|man\n", stderr);
	return EXIT_FAILURE;
}
