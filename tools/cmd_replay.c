/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_replay.c - `assay message --replay`: judges captured messages again, with the captured answers, at the captured time. */
#include "config.h"

#include "assay.h"

#include "capture.h"
#include "libraries.h"
#include "mailfile.h"
#include "str.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

struct run {
	const struct as_settings *settings;
	bool wants_json;
	bool is_single;  /* one file: all of its judgement is shown, not what would change */
	unsigned replayed, changed, damaged;
	int status;
};

static int complain(const char *what, const char *detail, int status)
{
	fprintf(stderr, "assay message: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	return status;
}

static void log_to_stderr(void *user, enum as_log_level level, const char *id, const char *line)
{
	(void)user, (void)level, (void)id;
	complain(line, NULL, EX_OK);
}

static const struct as_log log_sink = { .level = AS_LOG_WARNING, .write = log_to_stderr };

/* What a capture claims of its decision may be anything. */
static const char *shown(struct as_arena *arena, const char *text)
{
	return as_escape(arena, text, strlen(text), 64);
}

static void compare(struct run *run, struct as_arena *arena, const char *file, const struct as_capture *capture,
		    const struct as_decision *decision)
{
	const char *action = as_verb_name(decision->verb);
	if (strcmp(capture->action, action) == 0 && strcmp(capture->rule, decision->rule) == 0)
		return;
	run->changed++;
	printf("%s: %s (%s) -> %s (%s)\n", file, shown(arena, capture->action), shown(arena, capture->rule), action, decision->rule);
}

static int judge(struct run *run, struct as_arena *arena, const char *file, const struct as_capture *capture)
{
	char *trouble = NULL;
	struct as_replay *replay = as_replay_new(run->settings, capture, &log_sink, &trouble);
	if (!replay) {
		int status = complain(trouble ? trouble : "cannot be set up", NULL, EX_CONFIG);
		free(trouble);
		return status;
	}
	run->replayed++;
	const char *missing = as_replay_missing(replay);
	if (capture->is_cut)
		complain(file, "the message was longer than what was kept of it; signatures may fail for that", EX_OK);
	if (missing)
		complain(file, as_printf(arena, "looked up, but " AS_DNS_NOT_CAPTURED ": %s", missing), EX_OK);
	if (run->is_single)
		as_print_verdict(replay->message, &replay->verdict, capture->queue_id, 0, run->wants_json);
	else
		compare(run, arena, file, capture, replay->verdict.decision);
	as_replay_free(replay);
	return EX_OK;
}

static int replay_file(struct run *run, const char *file)
{
	struct as_arena *arena = as_arena_new();
	struct as_capture capture;
	char *bytes;
	size_t n;
	const char *detail;
	int status = EX_OK;
	enum as_err err = as_mail_bytes(arena, file, &bytes, &n);
	if (err) {
		status = complain(file, err == AS_ERR_SYSTEM ? strerror(errno) : as_err_text(err), EX_NOINPUT);
	} else if (as_capture_read(arena, bytes, n, &capture, &detail) != AS_OK) {
		run->damaged++;
		status = complain(file, detail, EX_DATAERR);
	} else {
		status = judge(run, arena, file, &capture);
	}
	as_arena_free(arena);
	return status;
}

static int is_capture(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return *entry->d_name != '.' && dot && strcmp(dot, ".capture") == 0;
}

/* Damage outlives a later success; what keeps us from reading outlives damage. */
static void note(struct run *run, int status)
{
	if (status != EX_OK && (run->status == EX_OK || run->status == EX_DATAERR))
		run->status = status;
}

static void replay_folder(struct run *run, const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_capture, alphasort);
	if (n < 0) {
		note(run, complain(folder, strerror(errno), EX_NOINPUT));
		return;
	}
	for (int i = 0; i < n; i++) {
		struct as_arena *arena = as_arena_new();
		note(run, replay_file(run, as_printf(arena, "%s/%s", folder, entries[i]->d_name)));
		as_arena_free(arena);
		free(entries[i]);
	}
	free(entries);
}

static bool is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int as_replay_files(const char *config, bool wants_json, char **files)
{
	struct run run = { .wants_json = wants_json };
	const char *detail = NULL;
	if (!*files)
		return complain("--replay wants FILE or a folder", NULL, EX_USAGE);
	struct as_arena *arena = as_arena_new();
	enum as_err err = as_settings_load(arena, config, &run.settings, &detail);
	if (err) {
		int status = complain(detail, NULL, err == AS_ERR_SYSTEM ? EX_NOINPUT : EX_CONFIG);
		as_arena_free(arena);
		return status;
	}
	as_libraries_init();
	run.is_single = !files[1] && !is_folder(*files);
	for (; *files; files++) {
		if (is_folder(*files))
			replay_folder(&run, *files);
		else
			note(&run, replay_file(&run, *files));
	}
	if (!run.is_single)
		printf("%u replayed, %u would change, %u damaged\n", run.replayed, run.changed, run.damaged);
	as_arena_free(arena);
	return run.status;
}
