/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rulekeeper.c - what is known of rules lives on over reloads and restarts, and a bad disk harms nobody. */
#include "config.h"

#include "rule.h"
#include "rulekeeper.h"

#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 128, CONTENT = 4096 };

#define HEAD "# How often rules of assay.conf(5) matched: kept by assayd, shown by assayd -n.\n# rule conditions since hits last\n"

struct world {
	char folder[PATH], path[PATH + 16], new[PATH + 32];
	char content[CONTENT];
	struct as_log log;
	pthread_mutex_t lock; /* of the next two */
	pthread_cond_t warned;
	unsigned warnings;
	char warning[512];
	struct as_tally *tally;
	struct as_rulekeeper *keeper;
	struct as_rule rules[2];
	struct as_rules list;
	struct as_settings settings;
};

static void note_warning(void *user, enum as_log_level level, const char *id, const char *line)
{
	struct world *w = user;
	(void)id;
	if (level != AS_LOG_WARNING)
		return;
	pthread_mutex_lock(&w->lock);
	w->warnings++;
	snprintf(w->warning, sizeof w->warning, "%s", line);
	pthread_cond_signal(&w->warned);
	pthread_mutex_unlock(&w->lock);
}

static void begin(struct world *w, int64_t now_s)
{
	w->tally = as_tally_new();
	w->keeper = as_rulekeeper_new(&w->log, w->tally);
	assert_non_null(w->keeper);
	as_rulekeeper_adopt(w->keeper, &w->settings, now_s);
}

static void end(struct world *w)
{
	as_rulekeeper_free(w->keeper);
	as_tally_free(w->tally);
}

static void hit(struct world *w, size_t i, int64_t now_s)
{
	as_tally_hit(as_tally_get(w->tally, w->rules[i].name, w->rules[i].fingerprint), now_s);
}

static const char *content(struct world *w)
{
	FILE *file = fopen(w->path, "r");
	if (!file)
		return "none";
	w->content[fread(w->content, 1, CONTENT - 1, file)] = '\0';
	fclose(file);
	return w->content;
}

static void write_content(const struct world *w, const char *text)
{
	FILE *file = fopen(w->path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	snprintf(w->folder, sizeof w->folder, "/tmp/assay-rules-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof w->path, "%s/rules", w->folder);
	snprintf(w->new, sizeof w->new, "%s.new", w->path);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->warned, NULL);
	w->log = (struct as_log){ .level = AS_LOG_DEBUG, .write = note_warning, .user = w };
	w->rules[0] = (struct as_rule){ .name = "one", .fingerprint = 1 };
	w->rules[1] = (struct as_rule){ .name = "another", .fingerprint = 2 };
	w->list = (struct as_rules){ .count = 2, .list = w->rules };
	w->settings = (struct as_settings){ .rule_statistics = w->path, .rules = &w->list };
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	unlink(w->path);
	unlink(w->new);
	rmdir(w->new);
	assert_int_equal(rmdir(w->folder), 0);
	pthread_cond_destroy(&w->warned);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return 0;
}

static void lives_on(void **state)
{
	struct world *w = *state;
	begin(w, 1000);
	hit(w, 0, 1500);
	hit(w, 0, 1400); /* a message that began earlier and ended later */
	end(w);
	assert_string_equal(content(w), HEAD "another 0000000000000002 1000 0 0\none 0000000000000001 1000 2 1500\n");
	begin(w, 2000);
	hit(w, 0, 2100);
	hit(w, 1, 2200);
	end(w);
	assert_string_equal(content(w), HEAD "another 0000000000000002 1000 1 2200\none 0000000000000001 1000 3 2100\n");
	begin(w, 3000); /* and nothing happens */
	end(w);
	assert_string_equal(content(w), HEAD "another 0000000000000002 1000 1 2200\none 0000000000000001 1000 3 2100\n");
	assert_int_equal(w->warnings, 0);
	struct stat st;
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
}

static void reloads(void **state)
{
	struct world *w = *state;
	begin(w, 1000);
	hit(w, 0, 1100);
	as_rulekeeper_adopt(w->keeper, &w->settings, 1200); /* nothing has changed */
	hit(w, 0, 1300);
	w->rules[0].fingerprint = 7; /* other conditions */
	as_rulekeeper_adopt(w->keeper, &w->settings, 1400);
	hit(w, 1, 1500);
	w->rules[0].fingerprint = 1; /* and back: that was yesterday */
	as_rulekeeper_adopt(w->keeper, &w->settings, 1600);
	hit(w, 0, 1700);
	as_rulekeeper_save(w->keeper);
	struct as_arena *arena = as_arena_new();
	struct as_rule_stats stats = as_rulekeeper_look(arena, w->keeper);
	assert_int_equal(stats.count, 2);
	const struct as_rule_stat *one = as_rule_stats_find(&stats, "one", 1);
	assert_int_equal(one->since_s, 1600);
	assert_int_equal(one->hits, 1);
	assert_int_equal(one->last_s, 1700);
	assert_int_equal(as_tally_hits(w->tally, "one"), 3); /* the counter of the metrics never falls */
	as_arena_free(arena);
	w->list.count = 0; /* the rules go */
	as_rulekeeper_adopt(w->keeper, &w->settings, 1800);
	end(w);
	assert_string_equal(content(w), HEAD);
}

static void nothing_to_keep(void **state)
{
	struct world *w = *state;
	w->settings.rules = NULL;
	begin(w, 1000);
	end(w);
	assert_string_equal(content(w), "none");
	w->settings.rules = &w->list;
	w->settings.rule_statistics = "";
	begin(w, 1000);
	hit(w, 0, 1100);
	end(w);
	assert_string_equal(content(w), "none");
	assert_int_equal(w->warnings, 0);
}

static void another_file(void **state)
{
	struct world *w = *state;
	char second[PATH + 32];
	begin(w, 1000);
	hit(w, 0, 1100);
	snprintf(second, sizeof second, "%s/second", w->folder);
	w->settings.rule_statistics = second;
	as_rulekeeper_adopt(w->keeper, &w->settings, 1200);
	end(w);
	assert_string_equal(content(w), HEAD "another 0000000000000002 1000 0 0\none 0000000000000001 1000 0 0\n");
	assert_int_equal(rename(second, w->path), 0);
	assert_string_equal(content(w), HEAD "another 0000000000000002 1000 0 0\none 0000000000000001 1000 1 1100\n");
}

static void damaged(void **state)
{
	struct world *w = *state;
	write_content(w, "one 0000000000000001 500 4 600\nanother 0000000000000002 oops\n");
	begin(w, 1000);
	assert_int_equal(w->warnings, 1);
	assert_non_null(strstr(w->warning, "/rules: line 2 is damaged; rules that it does not tell of count anew"));
	end(w);
	assert_int_equal(w->warnings, 1);
	assert_string_equal(content(w), HEAD "another 0000000000000002 1000 0 0\none 0000000000000001 500 4 600\n");
}

/* A folder in the way of the new file: it cannot be written, not even by root. */
static void spoil(const struct world *w)
{
	assert_int_equal(mkdir(w->new, 0700), 0);
}

static void wait_for_warning(struct world *w)
{
	pthread_mutex_lock(&w->lock);
	while (!w->warnings)
		pthread_cond_wait(&w->warned, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

/* One warning, and what was counted meanwhile is there once the disk works again. */
static void bad_disk(void **state)
{
	struct world *w = *state;
	spoil(w);
	begin(w, 1000);
	wait_for_warning(w);
	assert_non_null(strstr(w->warning, "rule statistics cannot be written to "));
	assert_string_equal(content(w), "none");
	hit(w, 0, 1100);
	assert_int_equal(rmdir(w->new), 0);
	end(w);
	assert_int_equal(w->warnings, 2);
	assert_string_equal(w->warning, "rule statistics are written again; dropped: 1");
	assert_string_equal(content(w), HEAD "another 0000000000000002 1000 0 0\none 0000000000000001 1000 1 1100\n");
}

/* What could not be written is tried again though nothing has changed. */
static void tried_again(void **state)
{
	struct world *w = *state;
	spoil(w);
	begin(w, 1000);
	wait_for_warning(w);
	assert_int_equal(rmdir(w->new), 0);
	end(w);
	assert_string_equal(content(w), HEAD "another 0000000000000002 1000 0 0\none 0000000000000001 1000 0 0\n");
	assert_int_equal(w->warnings, 2);
}

/* A crash in the middle leaves the old file, and the rest of the new one is no hindrance; nor does a link there lead elsewhere. */
static void crash(void **state)
{
	struct world *w = *state;
	char target[PATH + 32];
	snprintf(target, sizeof target, "%s/target", w->folder);
	write_content(w, HEAD "one 0000000000000001 500 4 600\n");
	assert_int_equal(rename(w->path, target), 0);
	assert_int_equal(symlink(target, w->new), 0);
	write_content(w, HEAD "one 0000000000000001 500 9 600\n");
	begin(w, 1000);
	end(w);
	assert_string_equal(content(w), HEAD "another 0000000000000002 1000 0 0\none 0000000000000001 500 9 600\n");
	assert_int_equal(rename(target, w->path), 0);
	assert_string_equal(content(w), HEAD "one 0000000000000001 500 4 600\n");
	assert_int_equal(w->warnings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lives_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reloads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_to_keep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tried_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(crash, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
