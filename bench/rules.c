/* SPDX-License-Identifier: BSD-2-Clause */
/* rules.c - what a thousand rules cost for one message, beside the message itself: no answer of DNS is waited for. Then the worst that a
 * client can do about them: as many recipients as it likes, and rules that look at recipients. */
#include "config.h"

#include "dns_fake.h"
#include "engine.h"
#include "env.h"
#include "policy.h"
#include "rule.h"
#include "str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RULES = 1000, ROUNDS = 2000, RECIPIENTS = 10000, CROWDS = 20 };

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const struct as_settings *make_settings(struct as_arena *arena, unsigned count)
{
	static const char *const conditions[] = {
		"from-domain = {\"a%u.example\", \".a%u.example\"} dmarc = {\"fail\"}", "client = {\"10.%u.0.0/16\"} spf = {\"softfail\"}",
		"dkim-domain = {\"d%u.example\"}", "header-present = {\"X-Campaign-%u\"} size = \">100m\"", "helo = {\".h%u.example\"}",
	};
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	struct as_buf text = as_buf_new(arena);
	for (unsigned i = 0; i < count; i++) {
		unsigned number = i % 250;
		as_buf_printf(&text, "rule r%u { action = reject ", i);
		for (const char *at = conditions[i % 5]; *at; at++) {
			if (strncmp(at, "%u", 2) == 0)
				as_buf_printf(&text, "%u", number), at++;
			else
				as_buf_putc(&text, *at);
		}
		as_buf_puts(&text, " }\n");
	}
	if (as_settings_parse(arena, "rules", text.text, &settings, &detail) != AS_OK) {
		fprintf(stderr, "%s\n", detail);
		exit(EXIT_FAILURE);
	}
	return settings;
}

static int64_t judge(struct as_env *env)
{
	static const char *const header[][2] = {
		{ "Received", " from mx.example.com (mx.example.com [192.0.2.1])\r\n\tby mx.example.net with ESMTPS id 4XyZ" },
		{ "DKIM-Signature", " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; h=from:to:subject;\r\n"
		  "\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA" },
		{ "From", " \"Bob, of Example\" <bob@example.com>" }, { "To", " alice@example.net" }, { "Subject", " hello" },
		{ "Date", " Fri, 15 Jan 2027 08:00:00 +0000" }, { "Message-ID", " <1@example.com>" }, { "MIME-Version", " 1.0" },
		{ "Content-Type", " text/plain; charset=utf-8" }, { "X-Mailer", " x" },
	};
	static const unsigned char body[] = "Good morning.\r\n";
	const struct as_ip client = { .family = 4, .bytes = { 192, 0, 2, 1 } };
	struct as_verdict verdict;
	struct as_session *session = as_engine_connect(env, &client, NULL, "mx.example.net");
	as_engine_helo(session, "mx.example.com");
	int64_t begun = now_ns();
	struct as_message *message = as_engine_mail(session, NULL, "<bob@example.com>", false);
	as_engine_rcpt(message, "<alice@example.net>");
	for (size_t i = 0; i < sizeof header / sizeof *header; i++)
		as_engine_header(message, header[i][0], strlen(header[i][0]), header[i][1], strlen(header[i][1]));
	as_engine_eoh(message);
	as_engine_body(message, body, sizeof body - 1);
	as_engine_eom(message, "4XyZ", NULL, NULL, &verdict);
	int64_t taken = now_ns() - begun;
	as_engine_end(message);
	as_engine_close(session);
	return taken;
}

/* The mean of many messages, in nanoseconds. */
static int64_t measure(unsigned rules)
{
	static const char zone[] = "example.com. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n";
	struct as_arena *arena = as_arena_new();
	const char *detail = NULL;
	char *trouble = NULL;
	struct as_dns_fake *fake = as_dns_fake_new(1800000000);
	const struct as_settings *settings = make_settings(arena, rules);
	if (as_dns_fake_load(fake, arena, zone, strlen(zone), &detail) != AS_OK)
		exit(EXIT_FAILURE);
	struct as_dns_options options = { .cache_bytes = 1 << 20, .max_ttl_s = 86400, .failure_ttl_s = 1 };
	const struct as_clock *clock = as_dns_fake_clock(fake);
	struct as_env *env = as_env_new(arena, settings, as_dns_new(as_dns_fake_backend(fake), &options, clock), clock, NULL, &trouble);
	int64_t sum = 0;
	for (unsigned round = 0; env && round < ROUNDS; round++)
		sum += judge(env);
	as_env_unref(env);
	as_dns_fake_free(fake);
	return sum / ROUNDS;
}

/* Rules that none or few of the recipients fulfil, so that the search goes on to the last; in microseconds, with and without rules. */
static int64_t measure_crowd(unsigned count, unsigned recipients)
{
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	struct as_buf text = as_buf_new(arena);
	for (unsigned i = 0; i < count; i++)
		as_buf_printf(&text, i % 2 ? "rule r%u { action = reject recipient = {\"u%u@d%u.example\", \"x@y.example\"} }\n"
					   : "rule r%u { action = reject recipient-domain = {\".n%u.d%u.example\", \"z.example\"} }\n",
			      i, i, i);
	if (as_settings_parse(arena, "rules", text.text, &settings, &detail) != AS_OK) {
		fprintf(stderr, "%s\n", detail);
		exit(EXIT_FAILURE);
	}
	struct as_recipient *list = as_alloc_array(arena, recipients, sizeof *list);
	for (unsigned i = 0; i < recipients; i++) {
		list[i].domain = as_printf(arena, "d%u.example", i % 5000 * 7919 % 5000);
		list[i].address = as_printf(arena, "u%u@%s", i, list[i].domain);
	}
	const struct as_facts facts = { .recipients = list, .recipient_count = recipients };
	int64_t begun = now_ns();
	for (unsigned round = 0; round < CROWDS; round++) {
		struct as_arena *message = as_arena_new();
		struct as_rule_choice choice;
		as_rules_choose(message, settings->rules, &facts, AS_VERB_ACCEPT, false, &choice);
		as_arena_free(message);
	}
	int64_t taken = now_ns() - begun;
	as_arena_free(arena);
	return taken / CROWDS / 1000;
}

int main(void)
{
	as_spf_global_init();
	int64_t bare = measure(0), full = measure(RULES);
	printf("a small message %" PRId64 " ns, with %d rules %" PRId64 " ns more\n", bare, RULES, full - bare);
	int64_t one = measure_crowd(RULES, 1), many = measure_crowd(RULES, RECIPIENTS), fewer = measure_crowd(RULES / 10, RECIPIENTS);
	printf("%d rules about recipients: one recipient %" PRId64 " us, %d recipients %" PRId64 " us, and with %d rules %" PRId64 " us\n",
	       RULES, one, RECIPIENTS, many, RULES / 10, fewer);
	return EXIT_SUCCESS;
}
