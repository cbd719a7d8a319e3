/* SPDX-License-Identifier: BSD-2-Clause */
/* hostile.c - what the most expensive messages cost beside an ordinary one.
 *
 * usage: hostile [-j] KEYS [NAME]...
 * KEYS is a folder of test keys; NAME: only these letters (letters.c), and the ordinary one. The library judges each message in this
 * process, with answers from zone text and a clock that moves only while somebody waits for one; so the time is exact, and CPU has
 * neither the milter protocol nor a resolver in it. Every letter runs in a process of its own, each round with an empty cache; CPU is
 * that of the cheapest round. -j: one line of JSON for each instead of the table.
 */
#include "config.h"

#include "engine.h"
#include "env.h"
#include "letters.h"
#include "spf_check.h"
#include "str.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_LEAST = 2, ROUNDS_MOST = 200, PIECE = 65535, START_S = 1800000000 };
static const double enough_us = 400000; /* CPU of all rounds */

struct cost {
	double cpu_us;
	size_t bytes;
	uint64_t lookups;
	int64_t ms; /* of the clock that DNS moves */
	long memory_kb;
	size_t edits;
	char verb[16], rule[32];
};

static double cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* A number of /proc/self/status in kB. */
static long status_kb(const char *field)
{
	char line[256];
	long value = 0;
	FILE *file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, field, strlen(field)) == 0)
			value = strtol(line + strlen(field), NULL, 10);
	if (file)
		fclose(file);
	return value;
}

/* From now on VmHWM is the peak since now. */
static void reset_peak(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "5", 1) != 1)
		perror("clear_refs");
	if (fd >= 0)
		close(fd);
}

static struct as_env *new_env(struct as_dns_fake *fake, const char *own)
{
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	char *trouble = NULL;
	const char *text = as_printf(arena, "authserv-id = \"mx.example.net\"\n%s", own);
	if (as_settings_parse(arena, "hostile", text, &settings, &detail) != AS_OK) {
		fprintf(stderr, "%s\n", detail);
		exit(EXIT_FAILURE);
	}
	struct as_dns_options options = { .cache_bytes = settings->dns.cache_bytes, .max_ttl_s = 86400, .failure_ttl_s = 5 };
	const struct as_clock *clock = as_dns_fake_clock(fake);
	struct as_env *env = as_env_new(arena, settings, as_dns_new(as_dns_fake_backend(fake), &options, clock), clock, NULL, &trouble);
	if (!env)
		exit(EXIT_FAILURE);
	return env;
}

static size_t size_of(const struct letter *letter)
{
	size_t size = letter->body_size + (letter->resets + 1) * strlen(letter->sender);
	for (size_t i = 0; i < letter->field_count; i++)
		size += strlen(letter->fields[i].name) + letter->fields[i].value_length + strlen(":\r\n");
	for (size_t i = 0; i < letter->recipient_count; i++)
		size += strlen(letter->recipients[i]);
	return size;
}

static void send(const struct letter *letter, struct as_message *message)
{
	for (size_t i = 0; i < letter->recipient_count; i++)
		as_engine_rcpt(message, letter->recipients[i]);
	for (size_t i = 0; i < letter->field_count; i++) {
		const struct letter_field *field = &letter->fields[i];
		as_engine_header(message, field->name, strlen(field->name), field->value, field->value_length);
	}
	as_engine_eoh(message);
	for (size_t at = 0; at < letter->body_size; at += PIECE) {
		size_t left = letter->body_size - at;
		as_engine_body(message, (const unsigned char *)letter->body + at, left < PIECE ? left : PIECE);
	}
}

static void judge(const struct letter *letter, struct as_env *env, struct cost *cost)
{
	struct as_ip client;
	struct as_verdict verdict;
	as_ip_parse(letter->client, &client);
	struct as_session *session = as_engine_connect(env, &client, NULL, "mx.example.net");
	as_engine_helo(session, letter->helo);
	for (unsigned i = 0; i < letter->resets; i++) {
		char sender[64];
		snprintf(sender, sizeof sender, "<bob@r%u.evil.example>", i);
		as_engine_end(as_engine_mail(session, NULL, sender, false));
	}
	struct as_message *message = as_engine_mail(session, NULL, letter->sender, false);
	send(letter, message);
	as_engine_eom(message, "4XyZ", NULL, NULL, &verdict);
	cost->edits = verdict.edit_count;
	snprintf(cost->verb, sizeof cost->verb, "%s", as_verb_name(verdict.decision->verb));
	snprintf(cost->rule, sizeof cost->rule, "%s", verdict.decision->rule);
	as_engine_end(message);
	as_engine_close(session);
}

static struct cost measure(const struct letter *letter, const char *settings)
{
	struct cost cost = { .cpu_us = 1e18, .bytes = size_of(letter) };
	double spent = 0;
	for (unsigned round = 0; round < ROUNDS_LEAST || (round < ROUNDS_MOST && spent < enough_us); round++) {
		struct as_env *env = new_env(letter->fake, settings);
		int64_t begun_ms = as_clock_mono_ms(env->clock);
		malloc_trim(0);
		reset_peak();
		long before_kb = status_kb("VmRSS:");
		double begun = cpu_us();
		judge(letter, env, &cost);
		double taken = cpu_us() - begun;
		long memory_kb = status_kb("VmHWM:") - before_kb;
		cost.memory_kb = memory_kb > cost.memory_kb ? memory_kb : cost.memory_kb;
		cost.cpu_us = taken < cost.cpu_us ? taken : cost.cpu_us;
		cost.lookups = as_dns_stats(env->dns).sent;
		cost.ms = as_clock_mono_ms(env->clock) - begun_ms;
		spent += taken;
		as_env_unref(env);
	}
	return cost;
}

static void run(const struct letter_kind *kind, const char *keys, int to)
{
	struct letter letter = {
		.arena = as_arena_new(),
		.fake = as_dns_fake_new(START_S),
		.keys = keys,
		.client = "192.0.2.1",
		.helo = "mx.evil.example",
		.sender = "<bob@evil.example>",
	};
	kind->write(&letter);
	struct cost cost = measure(&letter, kind->settings);
	if (write(to, &cost, sizeof cost) != (ssize_t)sizeof cost)
		perror("write");
	as_dns_fake_free(letter.fake);
	as_arena_free(letter.arena);
}

static struct cost run_apart(const struct letter_kind *kind, const char *keys)
{
	struct cost cost;
	int ends[2], status = 0;
	if (pipe(ends) != 0)
		exit(EXIT_FAILURE);
	fflush(stdout); /* else the child would print it again */
	pid_t child = fork();
	if (child == 0) {
		run(kind, keys, ends[1]);
		exit(EXIT_SUCCESS);
	}
	close(ends[1]);
	if (child < 0 || read(ends[0], &cost, sizeof cost) != (ssize_t)sizeof cost) {
		fprintf(stderr, "%s did not end well\n", kind->name);
		exit(EXIT_FAILURE);
	}
	close(ends[0]);
	waitpid(child, &status, 0);
	return cost;
}

static void print_row(const struct letter_kind *kind, const struct cost *cost, const struct cost *ordinary)
{
	printf("%-22s %10zu %10.2f %8.1f %9.0f %8" PRIu64 " %7.1f %9ld %6zu  %s %s\n", kind->name, cost->bytes, cost->cpu_us / 1e3,
	       cost->cpu_us / ordinary->cpu_us, cost->cpu_us * 1e3 / (double)cost->bytes, cost->lookups, (double)cost->ms / 1e3,
	       cost->memory_kb, cost->edits, cost->verb, cost->rule);
	fflush(stdout);
}

static void print_json(const struct letter_kind *kind, const struct cost *cost)
{
	printf("{\"name\": \"%s\", \"words\": \"%s\", \"bytes\": %zu, \"cpu_us\": %.1f, \"lookups\": %" PRIu64 ", \"ms\": %" PRId64
	       ", \"memory_kb\": %ld, \"edits\": %zu, \"verb\": \"%s\", \"rule\": \"%s\"}\n", kind->name, kind->words, cost->bytes,
	       cost->cpu_us, cost->lookups, cost->ms, cost->memory_kb, cost->edits, cost->verb, cost->rule);
	fflush(stdout);
}

static bool is_wanted(const struct letter_kind *kind, char *const *names)
{
	for (char *const *name = names; *name; name++)
		if (strcmp(*name, kind->name) == 0)
			return true;
	return !*names || kind == letter_kinds;
}

int main(int argc, char **argv)
{
	bool is_json = argc > 1 && strcmp(argv[1], "-j") == 0;
	argv += is_json;
	if (argc - is_json < 2) {
		fputs("usage: hostile [-j] KEYS [NAME]...\n", stderr);
		return EXIT_FAILURE;
	}
	struct cost ordinary = { 0 };
	as_spf_global_init();
	if (!is_json)
		puts("letter                      bytes     CPU ms  x ordin.   ns/byte  lookups  time s    memory  edits  result\n"
		     "                                                                                      kB");
	for (const struct letter_kind *kind = letter_kinds; kind->name; kind++) {
		if (!is_wanted(kind, argv + 2))
			continue;
		struct cost cost = run_apart(kind, argv[1]);
		if (kind == letter_kinds)
			ordinary = cost;
		if (is_json)
			print_json(kind, &cost);
		else
			print_row(kind, &cost, &ordinary);
	}
	return EXIT_SUCCESS;
}
