/* SPDX-License-Identifier: BSD-2-Clause */
/* test_capturefile.c - captures on disk: whole, private, bounded in number, and no harm when the disk says no. */
#include "config.h"

#include "test.h"

#include "arena.h"
#include "capturefile.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 512 };

struct folder {
	char base[64], name[96];
	unsigned warnings;
};

static void count_warning(void *user, enum as_log_level level, const char *id, const char *line)
{
	(void)id, (void)line;
	((struct folder *)user)->warnings += level == AS_LOG_WARNING;
}

static int set_up(void **state)
{
	struct folder *f = as_xalloc(sizeof *f);
	memcpy(f->base, "/tmp/assay-capture-XXXXXX", sizeof "/tmp/assay-capture-XXXXXX");
	assert_non_null(mkdtemp(f->base));
	snprintf(f->name, sizeof f->name, "%s/captures", f->base);
	*state = f;
	return 0;
}

static int is_file(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

static void empty(const char *folder)
{
	char path[PATH];
	struct dirent **entries;
	int n = scandir(folder, &entries, is_file, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		unlink(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	rmdir(folder);
}

static int tear_down(void **state)
{
	struct folder *f = *state;
	unlink(f->name); /* a link */
	empty(f->name);
	empty(f->base);
	free(f);
	return 0;
}

/* Message number n is captured at second n and says "n". */
static void put(struct folder *f, int64_t most, int first, int count)
{
	const struct as_log log = { .level = AS_LOG_INFO, .write = count_warning, .user = f };
	struct as_capturefile *captures = as_capturefile_new(&log);
	for (int i = first; i < first + count; i++) {
		char text[16];
		int n = snprintf(text, sizeof text, "%d", i);
		as_capturefile_put(captures, f->name, most, 1800000000 + i, "../4X y\n", text, (size_t)n);
	}
	as_capturefile_free(captures);
}

/* The files are those of messages ..., last - 1, last; returns how many. */
static int expect_to(const struct folder *f, int last)
{
	char path[PATH];
	struct dirent **entries;
	struct stat status;
	int n = scandir(f->name, &entries, is_file, alphasort);
	for (int i = 0; i < n; i++) {
		char text[16] = "";
		snprintf(path, sizeof path, "%s/%s", f->name, entries[i]->d_name);
		FILE *file = fopen(path, "r");
		assert_non_null(file);
		assert_non_null(fgets(text, sizeof text, file));
		assert_int_equal(fstat(fileno(file), &status), 0);
		fclose(file);
		assert_int_equal(status.st_mode & 0777, 0600);
		assert_int_equal(strtol(text, NULL, 10), last - n + 1 + i);
		assert_non_null(strstr(entries[i]->d_name, "Z-4Xy-"));
		assert_string_equal(strrchr(entries[i]->d_name, '.'), ".capture");
		free(entries[i]);
	}
	free(entries);
	return n;
}

static void test_files_are_whole_and_private(void **state)
{
	struct folder *f = *state;
	struct stat status;
	put(f, 10, 0, 4);
	put(f, 10, 4, 4); /* a new process goes on */
	assert_int_equal(expect_to(f, 7), 8);
	assert_int_equal(stat(f->name, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(f->warnings, 0);
}

static void test_number_is_bounded(void **state)
{
	struct folder *f = *state;
	put(f, 3, 0, 50);
	assert_int_equal(expect_to(f, 49), 3); /* the latest stay */
	put(f, 1, 50, 1);
	assert_int_equal(expect_to(f, 50), 1);
	put(f, 100, 51, 300);
	assert_in_range(expect_to(f, 350), 94, 100); /* a sixteenth goes at once */
	assert_int_equal(f->warnings, 0);
}

static void test_others_files_stay(void **state)
{
	struct folder *f = *state;
	char note[PATH], unfinished[PATH];
	assert_int_equal(mkdir(f->name, 0700), 0);
	snprintf(note, sizeof note, "%s/README", f->name);
	snprintf(unfinished, sizeof unfinished, "%s/20260101T000000Z-0-0.unfinished", f->name);
	close(open(note, O_WRONLY | O_CREAT, 0600));
	close(open(unfinished, O_WRONLY | O_CREAT, 0600));
	put(f, 1, 0, 3);
	assert_int_equal(access(note, F_OK), 0);
	assert_int_not_equal(access(unfinished, F_OK), 0); /* of a process that was killed */
	unlink(note);
	assert_int_equal(expect_to(f, 2), 1);
}

static void test_folder_that_others_can_read(void **state)
{
	struct folder *f = *state;
	assert_int_equal(mkdir(f->name, 0700), 0);
	assert_int_equal(chmod(f->name, 0750), 0);
	put(f, 10, 0, 5);
	assert_int_equal(expect_to(f, 0), 0);
	assert_int_equal(f->warnings, 1);
}

static void test_folder_removed_meanwhile(void **state)
{
	struct folder *f = *state;
	const struct as_log log = { .level = AS_LOG_INFO, .write = count_warning, .user = f };
	put(f, 10, 0, 1);
	empty(f->name);
	put(f, 10, 1, 2); /* made again */
	assert_int_equal(expect_to(f, 2), 2);
	struct as_capturefile *captures = as_capturefile_new(&log);
	as_capturefile_put(captures, "/nonexistent/captures", 10, 0, NULL, "x", 1);
	as_capturefile_put(captures, f->name, 10, 1800000003, "4Xy", "3", 1);
	as_capturefile_free(captures);
	assert_int_equal(expect_to(f, 3), 3);
	assert_int_equal(f->warnings, 2); /* stopped, and works again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files_are_whole_and_private, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_number_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_others_files_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_folder_that_others_can_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_folder_removed_meanwhile, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
