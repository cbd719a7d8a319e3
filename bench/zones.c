/* SPDX-License-Identifier: BSD-2-Clause */
/* zones.c - what messages cost whose domains have a hostile name server, with the real resolver.
 *
 * usage: zones [KIND]...
 * The kinds are those of tests/support/dns_hostile.c, "good" stands for an honest zone. Every message has names that were not seen before:
 * sender, HELO, author and ten signatures. The server runs in another process, so CPU is that of the library and the resolver.
 */
#include "config.h"

#include "dns_hostile.h"
#include "engine.h"
#include "env.h"
#include "spf_check.h"
#include "str.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGES = 20, PATIENCE_MS = 4000, SIGNATURES = 10 };

struct cost {
	unsigned messages;
	double cpu_us;
	uint64_t questions;
	int64_t most_ms;
	const char *spf, *dmarc;
};

static double cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static pid_t start_server(unsigned ports[2])
{
	int ends[2];
	if (pipe(ends) != 0)
		exit(EXIT_FAILURE);
	pid_t child = fork();
	if (child == 0) {
		struct dns_hostile *server = dns_hostile_new();
		ports[0] = dns_hostile_good_port(server);
		ports[1] = dns_hostile_port(server);
		if (write(ends[1], ports, 2 * sizeof *ports) < 0)
			exit(EXIT_FAILURE);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (child < 0 || read(ends[0], ports, 2 * sizeof *ports) != (ssize_t)(2 * sizeof *ports))
		exit(EXIT_FAILURE);
	close(ends[0]);
	return child;
}

static struct as_env *new_env(const unsigned ports[2])
{
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = NULL;
	const char *detail = NULL, *state = NULL;
	char *trouble = NULL;
	const char *text = as_printf(arena, "authserv-id = \"mx.example.net\"\n"
				     "dns { mode = \"forward\" forward = {\"127.0.0.1@%u\"} trust-anchor = \"\"\n"
				     "stub \"hostile.example\" { addresses = {\"127.0.0.1@%u\"} } }\n", ports[0], ports[1]);
	struct as_dns *dns = NULL;
	if (as_settings_parse(arena, "zones", text, &settings, &detail) == AS_OK)
		dns = as_env_dns(arena, settings, &as_clock_system, NULL, &state, &detail);
	struct as_env *env = dns ? as_env_new(arena, settings, dns, &as_clock_system, NULL, &trouble) : NULL;
	if (!env) {
		fprintf(stderr, "%s\n", trouble ? trouble : detail);
		exit(EXIT_FAILURE);
	}
	return env;
}

static void add(struct as_message *message, const char *name, const char *value)
{
	as_engine_header(message, name, strlen(name), value, strlen(value));
}

static void judge(struct as_env *env, const char *domain, struct cost *cost)
{
	static const struct as_ip client = { .family = 4, .bytes = { 192, 0, 2, 1 } };
	static const char empty_body[] = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
	struct as_arena *arena = as_arena_new();
	struct as_verdict verdict;
	struct as_session *session = as_engine_connect(env, &client, NULL, "mx.example.net");
	as_engine_helo(session, as_printf(arena, "mx.%s", domain));
	struct as_message *message = as_engine_mail(session, NULL, as_printf(arena, "<bob@%s>", domain), false);
	add(message, "From", as_printf(arena, " bob@%s", domain));
	for (unsigned i = 0; i < SIGNATURES; i++)
		add(message, "DKIM-Signature",
		    as_printf(arena, " v=1; a=rsa-sha256; c=relaxed/relaxed; d=d%u.%s; s=s; h=from; bh=%s; b=AAAA", i, domain, empty_body));
	as_engine_eom(message, "4XyZ", NULL, NULL, &verdict);
	cost->spf = as_code_name(message->spf->code);
	cost->dmarc = as_code_name(message->dmarc->code);
	as_engine_end(message);
	as_engine_close(session);
	as_arena_free(arena);
}

static struct cost measure(const unsigned ports[2], const char *kind)
{
	struct cost cost = { 0 };
	struct as_env *env = new_env(ports);
	bool is_good = strcmp(kind, "good") == 0;
	const char *label = is_good ? "d" : kind, *zone = is_good ? "good" : "hostile";
	double begun = cpu_us();
	int64_t begun_ms = as_clock_mono_ms(&as_clock_system), now_ms = begun_ms;
	while (cost.messages < MESSAGES && now_ms - begun_ms < PATIENCE_MS) {
		char domain[64];
		snprintf(domain, sizeof domain, "%s%u.%s.example", label, cost.messages++, zone);
		int64_t before_ms = now_ms;
		judge(env, domain, &cost);
		now_ms = as_clock_mono_ms(&as_clock_system);
		cost.most_ms = now_ms - before_ms > cost.most_ms ? now_ms - before_ms : cost.most_ms;
	}
	cost.questions = as_dns_stats(env->dns).sent;
	as_env_unref(env); /* what is still under way has to end, and counts */
	cost.cpu_us = (cpu_us() - begun) / cost.messages;
	return cost;
}

static bool is_wanted(const char *kind, char *const *names)
{
	for (char *const *name = names; *name; name++)
		if (strcmp(*name, kind) == 0)
			return true;
	return !*names;
}

int main(int argc, char **argv)
{
	unsigned ports[2];
	(void)argc; /* the list ends in NULL */
	pid_t server = start_server(ports);
	as_spf_global_init();
	struct cost good = measure(ports, "good");
	puts("zone         CPU ms  x good  questions  ms a question  most ms  result");
	for (size_t i = 0; i == 0 || dns_hostile_kind(i - 1); i++) {
		const char *kind = i ? dns_hostile_kind(i - 1) : "good";
		if (!is_wanted(kind, argv + 1))
			continue;
		struct cost cost = i ? measure(ports, kind) : good;
		double questions = (double)cost.questions / cost.messages;
		printf("%-10s %8.2f %7.1f %10.0f %14.3f %8" PRId64 "  spf=%s dmarc=%s\n", kind, cost.cpu_us / 1e3,
		       cost.cpu_us / good.cpu_us, questions, cost.cpu_us / 1e3 / questions, cost.most_ms, cost.spf, cost.dmarc);
		fflush(stdout);
	}
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	return EXIT_SUCCESS;
}
