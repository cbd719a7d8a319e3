/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_capture.c - captures of the running daemon, and `assay message --replay` over them. */
#include "config.h"

#include "rig.h"

#include "test.h"

#include "arena.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum { TEXT = 8192, PATH = 512 };

struct world {
	char base[64], captures[96], other[96];
	char output[TEXT]; /* of the last run of assay, both streams */
};

static int set_up(void **state)
{
	struct world *w = as_xalloc(sizeof *w);
	memcpy(w->base, "/tmp/assay-captured-XXXXXX", sizeof "/tmp/assay-captured-XXXXXX");
	assert_non_null(mkdtemp(w->base));
	snprintf(w->captures, sizeof w->captures, "%s/captures", w->base);
	snprintf(w->other, sizeof w->other, "%s/other.conf", w->base);
	*state = w;
	return 0;
}

/* The n-th file of a folder, in the order of the names; false: there are fewer. */
static bool file_at(const char *folder, int n, char path[PATH])
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort), seen = 0;
	bool is_found = false;
	for (int i = 0; i < count; i++) {
		if (*entries[i]->d_name != '.' && seen++ == n) {
			snprintf(path, PATH, "%s/%s", folder, entries[i]->d_name);
			is_found = true;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return is_found;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	char path[PATH];
	while (file_at(w->captures, 0, path))
		assert_int_equal(unlink(path), 0);
	rmdir(w->captures);
	while (file_at(w->base, 0, path))
		assert_int_equal(unlink(path), 0);
	rmdir(w->base);
	free(w);
	return 0;
}

static int count_files(const struct world *w)
{
	char path[PATH];
	int n = 0;
	while (file_at(w->captures, n, path))
		n++;
	return n;
}

/* One message for each octet of the list; the daemon has ended when this returns, and so has all writing. */
static void send_mail(const struct world *w, const char *settings, const int *octets, int count)
{
	char extra[512];
	snprintf(extra, sizeof extra, "capture { directory = \"%s\" %s }", w->captures, settings);
	struct rig *rig = rig_new(extra);
	for (int i = 0; i < count; i++) {
		struct milter_client *c = rig_client(rig, octets[i]);
		(void)rig_message(c, "example.com");
		rig_farewell(c);
	}
	rig_free(rig);
}

static int run(struct world *w, const char *arguments)
{
	char command[1024];
	snprintf(command, sizeof command, "%s/tools/assay message --replay %s 2>&1", AS_TEST_BUILDDIR, arguments);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	size_t n = fread(w->output, 1, sizeof w->output - 1, pipe);
	w->output[n] = '\0';
	int status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect_output(const struct world *w, const char *wanted)
{
	if (!strstr(w->output, wanted))
		fail_msg("no '%s' in '%s'", wanted, w->output);
}

static void write_config(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const int mixed[] = { RIG_CLIENT_OURS, RIG_CLIENT_FOREIGN, RIG_CLIENT_OURS, RIG_CLIENT_FOREIGN, 200 };

static void rules_choose(void **state)
{
	struct world *w = *state;
	send_mail(w, "rules = {\"dmarc-reject\"}", mixed, 5);
	assert_int_equal(count_files(w), 2);
	assert_int_equal(run(w, w->captures), EX_OK);
	assert_string_equal(w->output, "2 replayed, 0 would change, 0 damaged\n");
}

static void every_one_and_trusted_ones(void **state)
{
	struct world *w = *state;
	char arguments[512];
	send_mail(w, "every = 1", mixed, 5);
	assert_int_equal(count_files(w), 5);
	write_config(w->other, "authserv-id = \"mx.example.com\"\ntrusted-networks = {\"192.0.2.200\"}\n");
	snprintf(arguments, sizeof arguments, "--config %s %s", w->other, w->captures);
	assert_int_equal(run(w, arguments), EX_OK);
	assert_string_equal(w->output, "5 replayed, 0 would change, 0 damaged\n");
	write_config(w->other, "trusted-networks = {\"192.0.2.200\"}\ndmarc { on-reject = accept }\n");
	assert_int_equal(run(w, arguments), EX_OK);
	expect_output(w, ".capture: reject (dmarc-reject) -> accept (dmarc-reject)\n");
	expect_output(w, "\n5 replayed, 2 would change, 0 damaged\n");
}

/* The MTA keeps its connections open; what is waiting for the disk is written all the same. */
static void stop_beside_open_connection(void **state)
{
	struct world *w = *state;
	char extra[512];
	snprintf(extra, sizeof extra, "capture { directory = \"%s\" every = 1 }", w->captures);
	struct rig *rig = rig_new(extra);
	struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
	for (int i = 0; i < 300; i++)
		(void)rig_message(c, "example.com");
	rig_free(rig);
	milter_close(c);
	assert_int_equal(count_files(w), 300);
}

static void number_is_bounded(void **state)
{
	struct world *w = *state;
	static const int many[20] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	send_mail(w, "every = 2 maximum-files = 100", many, 20);
	assert_int_equal(count_files(w), 10);
	send_mail(w, "every = 1 maximum-files = 3", many, 20);
	assert_int_equal(count_files(w), 3);
}

static void off_keeps_nothing(void **state)
{
	struct world *w = *state;
	send_mail(w, "", mixed, 5); /* neither every nor rules */
	assert_int_equal(count_files(w), 0);
}

static void one_is_shown_and_damage_is_told(void **state)
{
	struct world *w = *state;
	char path[PATH], arguments[2 * PATH + 2];
	send_mail(w, "every = 1", &mixed[1], 1);
	assert_true(file_at(w->captures, 0, path));
	assert_int_equal(run(w, path), EX_OK);
	expect_output(w, "Message    4X1Y2Z ");
	expect_output(w, "Decision   reject, rule dmarc-reject");
	expect_output(w, "\nAuthentication-Results: mx.example.com;");
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, -1, SEEK_END), 0);
	fputc('?', file);
	fclose(file);
	assert_int_equal(run(w, path), EX_DATAERR);
	expect_output(w, "the checksum is wrong: the file was damaged or changed\n");
	snprintf(arguments, sizeof arguments, "%s %s", path, path);
	assert_int_equal(run(w, arguments), EX_DATAERR);
	expect_output(w, "0 replayed, 0 would change, 2 damaged\n");
	assert_int_equal(run(w, "/dev/null"), EX_DATAERR);
	assert_int_equal(run(w, "/nonexistent"), EX_NOINPUT);
	assert_int_equal(run(w, ""), EX_USAGE);
	assert_int_equal(run(w, "--ip 192.0.2.1 x"), EX_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rules_choose, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_one_and_trusted_ones, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stop_beside_open_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown(number_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(off_keeps_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_is_shown_and_damage_is_told, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
