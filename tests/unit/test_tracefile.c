/* SPDX-License-Identifier: BSD-2-Clause */
/* test_tracefile.c - traces on disk: whole lines, a bound on the size, and no harm when the disk says no. */
#include "config.h"

#include "test.h"

#include "arena.h"
#include "tracefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE = 100, SIZE = 2000 };

struct folder {
	char name[64], path[96], old[96];
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
	memcpy(f->name, "/tmp/assay-trace-XXXXXX", sizeof "/tmp/assay-trace-XXXXXX");
	assert_non_null(mkdtemp(f->name));
	snprintf(f->path, sizeof f->path, "%s/trace", f->name);
	snprintf(f->old, sizeof f->old, "%s/trace.1", f->name);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct folder *f = *state;
	unlink(f->path);
	unlink(f->old);
	rmdir(f->name);
	free(f);
	return 0;
}

static void append(struct folder *f, const char *path, unsigned first, unsigned count)
{
	const struct as_log log = { .level = AS_LOG_INFO, .write = count_warning, .user = f };
	struct as_tracefile *traces = as_tracefile_new(&log);
	for (unsigned i = first; i < first + count; i++) {
		char line[LINE];
		memset(line, '.', sizeof line - 1);
		line[sizeof line - 1] = '\0';
		line[snprintf(line, sizeof line, "%08u", i)] = '.';
		as_tracefile_append(traces, path, SIZE, line);
	}
	as_tracefile_free(traces);
}

/* Reads numbered whole lines; returns how many, and the first number. */
static unsigned read_lines(const char *path, unsigned *first)
{
	char line[256];
	unsigned n = 0;
	FILE *file = fopen(path, "r");
	for (*first = 0; file && fgets(line, sizeof line, file); n++) {
		unsigned number = (unsigned)strtoul(line, NULL, 10);
		assert_true(line[strlen(line) - 1] == '\n');
		*first = n ? *first : number;
		assert_int_equal(number, *first + n);
	}
	if (file)
		fclose(file);
	return n;
}

static void test_lines_arrive_in_order(void **state)
{
	struct folder *f = *state;
	unsigned first;
	append(f, f->path, 0, 5);
	append(f, f->path, 5, 5); /* a new process goes on */
	assert_int_equal(read_lines(f->path, &first), 10);
	assert_int_equal(first, 0);
	assert_int_equal(f->warnings, 0);
}

static void test_size_is_bounded(void **state)
{
	struct folder *f = *state;
	struct stat now, old;
	unsigned first, old_first;
	append(f, f->path, 0, 1000);
	assert_int_equal(stat(f->path, &now), 0);
	assert_int_equal(stat(f->old, &old), 0);
	assert_true(now.st_size + old.st_size <= SIZE);
	unsigned n = read_lines(f->path, &first), old_n = read_lines(f->old, &old_first);
	assert_int_equal(first + n, 1000); /* the latest are there, and nothing is missing between the files */
	assert_int_equal(old_first + old_n, first);
	assert_int_equal(now.st_mode & 0777, 0640);
}

static void test_no_folder(void **state)
{
	struct folder *f = *state;
	append(f, "/nonexistent/trace", 0, 100);
	assert_int_equal(f->warnings, 1);
}

static void test_works_again(void **state)
{
	struct folder *f = *state;
	const struct as_log log = { .level = AS_LOG_INFO, .write = count_warning, .user = f };
	unsigned first;
	struct as_tracefile *traces = as_tracefile_new(&log);
	as_tracefile_append(traces, "/nonexistent/trace", SIZE, "00000000");
	as_tracefile_append(traces, "/nonexistent/trace", SIZE, "00000001");
	as_tracefile_append(traces, f->path, SIZE, "00000002");
	as_tracefile_free(traces);
	assert_int_equal(read_lines(f->path, &first), 1);
	assert_int_equal(f->warnings, 2); /* stopped, and works again */
}

static void test_links_are_not_followed(void **state)
{
	struct folder *f = *state;
	assert_int_equal(symlink("/dev/null", f->path), 0);
	append(f, f->path, 0, 1);
	assert_int_equal(f->warnings, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines_arrive_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_size_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_folder, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_works_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links_are_not_followed, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
