/* SPDX-License-Identifier: BSD-2-Clause */
/* rules.c - what a thousand rules cost for one message, beside parsing the header of a small one. */
#include "config.h"

#include "field.h"
#include "mailbox.h"
#include "policy.h"
#include "rule.h"
#include "str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RULES = 1000, ROUNDS = 2000 };

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const struct as_settings *make_settings(struct as_arena *arena)
{
	static const char *const conditions[] = {
		"from-domain = {\"a%u.example\", \".a%u.example\"} dmarc = {\"fail\"}", "client = {\"10.%u.0.0/16\"} spf = {\"softfail\"}",
		"dkim-domain = {\"d%u.example\"}", "header-present = {\"X-Campaign-%u\"} size = \">100m\"", "helo = {\".h%u.example\"}",
	};
	const struct as_settings *settings = NULL;
	const char *detail = NULL;
	struct as_buf text = as_buf_new(arena);
	for (unsigned i = 0; i < RULES; i++) {
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

static void parse_header(struct as_fields *fields, struct as_from *from, struct as_arena *arena)
{
	static const char *const header[][2] = {
		{ "Received", " from mx.example.com (mx.example.com [192.0.2.1])\r\n\tby mx.example.net with ESMTPS id 4XyZ" },
		{ "DKIM-Signature", " v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; h=from:to:subject; bh=x; b=y" },
		{ "From", " \"Bob, of Example\" <bob@example.com>" }, { "To", " alice@example.net" }, { "Subject", " hello" },
		{ "Date", " Fri, 15 Jan 2027 08:00:00 +0000" }, { "Message-ID", " <1@example.com>" }, { "MIME-Version", " 1.0" },
		{ "Content-Type", " text/plain; charset=utf-8" }, { "X-Mailer", " x" },
	};
	as_fields_init(fields, arena, 1000, 1 << 20);
	for (size_t i = 0; i < sizeof header / sizeof *header; i++)
		as_fields_add(fields, header[i][0], strlen(header[i][0]), header[i][1], strlen(header[i][1]));
	as_from_judge(arena, fields, from);
}

int main(void)
{
	struct as_arena *arena = as_arena_new();
	const struct as_settings *settings = make_settings(arena);
	int64_t parsing = 0, deciding = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct as_arena *message = as_arena_new();
		struct as_fields fields;
		struct as_from from;
		struct as_decision decision;
		struct as_dkim_signature signature = { .code = AS_PASS, .domain = "example.com" };
		struct as_dkim_outcome dkim = { .count = 1, .signatures = &signature };
		struct as_spf_outcome spf = { .code = AS_PASS, .domain = "example.com" };
		struct as_dmarc_outcome dmarc = { .code = AS_PASS, .author_domain = "example.com" };
		int64_t begun = now_ns();
		parse_header(&fields, &from, message);
		int64_t parsed = now_ns();
		struct as_facts facts = {
			.client = { .family = 4, .bytes = { 192, 0, 2, 1 } }, .helo = "mx.example.com", .envelope_domain = "example.com",
			.from = &from, .spf = &spf, .dkim = &dkim, .dmarc = &dmarc, .size = 2000,
			.header = as_rules_see_header(message, settings->rules, &fields),
		};
		as_policy_decide(message, settings, &facts, &decision);
		deciding += now_ns() - parsed;
		parsing += parsed - begun;
		as_arena_free(message);
	}
	printf("header %" PRId64 " ns, decision with %d rules %" PRId64 " ns\n", parsing / ROUNDS, RULES, deciding / ROUNDS);
	as_arena_free(arena);
	return EXIT_SUCCESS;
}
