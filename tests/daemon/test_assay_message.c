/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assay_message.c - the command line of assay, and what the options of "assay message" make of a message. */
#include "config.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum { TEXT = 8192, PATH = 64 };

static char folder[PATH];

static void write_file(const char *name, const char *text)
{
	char path[PATH * 2];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/assay-message-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	write_file("zone", "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n");
	write_file("mail", "From: bob@example.com\nSubject: x\n\nHello.\n");
	write_file("full", "auth-results = \"full\"\n");
	write_file("domain", "auth-results = \"domain\"\n");
	write_file("judged", "auth-results = \"full\"\nskip-authenticated = false\n");
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	static const char *const names[] = { "zone", "mail", "full", "domain", "judged" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[PATH * 2];
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

/* The status; what was printed stands in text. */
static int run_line(const char *line, char text[TEXT])
{
	char command[TEXT];
	snprintf(command, sizeof command, "%s/tools/assay %s", AS_TEST_BUILDDIR, line);
	FILE *out = popen(command, "r");
	assert_non_null(out);
	size_t n = fread(text, 1, TEXT - 1, out);
	text[n] = '\0';
	int status = pclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(const char *config, const char *options, char text[TEXT])
{
	char line[TEXT];
	snprintf(line, sizeof line,
		 "message --dns-zone %s/zone --config %s/%s --hostname mx.example.net --ip 203.0.113.9 --from bob@example.com %s %s/mail 2>&1",
		 folder, folder, config, options, folder);
	return run_line(line, text);
}

#define AR "Authentication-Results: mx.example.net; "

static const struct { const char *config, *options, *shown, *hidden; } logins[] = {
	{ "full", "", "dmarc=fail", "auth=pass" },
	{ "full", "--authenticated", AR "auth=pass smtp.mailfrom=example.com\n", "dmarc=" },
	{ "full", "--authenticated=bob", AR "auth=pass smtp.auth=bob smtp.mailfrom=example.com\n", "dmarc=" },
	{ "full", "--authenticated=bob --mechanism PLAIN", AR "auth=pass (PLAIN) smtp.auth=bob smtp.mailfrom=example.com\n", "dmarc=" },
	{ "full", "--mechanism=EXTERNAL", AR "auth=pass (EXTERNAL) smtp.mailfrom=example.com\n", "smtp.auth" },
	{ "domain", "--authenticated=bob --mechanism PLAIN", AR "auth=pass (PLAIN) smtp.mailfrom=example.com\n", "bob" },
	{ "judged", "--authenticated=bob", "dmarc=fail", "rule authenticated" },
	{ "judged", "--authenticated=bob", "auth=pass smtp.auth=bob", "rule authenticated" },
};

/* Folds become single spaces, as a reader sees a field. */
static void unfold(char *text)
{
	char *to = text;
	for (const char *at = text; *at;) {
		if (*at == '\n' && (at[1] == ' ' || at[1] == '\t')) {
			*to++ = ' ';
			at += 1 + strspn(at + 1, " \t");
			continue;
		}
		*to++ = *at++;
	}
	*to = '\0';
}

static void test_logins(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
		char text[TEXT];
		int status = run(logins[i].config, logins[i].options, text);
		unfold(text);
		if (status != EX_OK || !strstr(text, logins[i].shown) || strstr(text, logins[i].hidden))
			fail_msg("%s %s: %d\n%s", logins[i].config, logins[i].options, status, text);
	}
}

static void test_usage(void **state)
{
	(void)state;
	char text[TEXT];
	assert_int_equal(run("full", "--replay --authenticated", text), EX_USAGE);
	assert_non_null(strstr(text, "--replay goes with --config and --json alone"));
}

static const struct { const char *line; int status; const char *shown; } lines[] = {
	{ "2>&1", EX_USAGE, "usage: assay COMMAND" },
	{ "--help", EX_OK, "usage: assay COMMAND" },
	{ "help", EX_OK, "usage: assay COMMAND" },
	{ "--version", EX_OK, PACKAGE_STRING "\n" },
	{ "mesage 2>&1", EX_USAGE, "assay: there is no command \"mesage\"; did you mean \"message\"?\nusage: assay COMMAND" },
	{ "'\033[31m' 2>&1", EX_USAGE, "assay: there is no command \"\\x1b[31m\"; there are:\nusage: assay COMMAND" },
	{ "message --ipp 2>&1", EX_USAGE, "assay message: unrecognized option '--ipp'\nusage: assay message" },
	{ "why --file /nonexistent/traces ABC 2>&1", EX_NOINPUT,
	  "assay why: /nonexistent/traces: No such file or directory; assayd keeps traces with trace { enable = true } in its configuration\n" },
	{ "why --file /dev/null ABC 2>&1", EX_UNAVAILABLE, "assay why: /dev/null: no trace of this message, or none any more: ABC\n" },
	{ "why --file /dev/null '[ABC]' 2>&1", EX_UNAVAILABLE, "assay why: /dev/null: no trace of this message, or none any more: ABC\n" },
	{ "why --file /dev/null '[]' 2>&1", EX_UNAVAILABLE, "assay why: /dev/null: no trace of this message, or none any more: []\n" },
	{ "help 2>&1 >/dev/full", EX_IOERR, "assay: standard output: No space left on device\n" },
	{ "migrate --opendkim /dev/null 2>&1 >/dev/full", EX_IOERR, "assay: standard output: No space left on device\n" },
};

static void test_command_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char text[TEXT];
		int status = run_line(lines[i].line, text);
		if (status != lines[i].status || strncmp(text, lines[i].shown, strlen(lines[i].shown)) != 0)
			fail_msg("assay %s: %d\n%s", lines[i].line, status, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_logins), cmocka_unit_test(test_usage), cmocka_unit_test(test_command_line) };
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
