/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_dmarc.c - the record parser over the input as it is, and the whole check over a world that the input describes in lines, as in
 * the cases of tests/conformance/dmarc. Whatever comes, the outcome must fit together, and an early start must not change it. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dmarc_check.h"
#include "dns_fake.h"
#include "domain.h"

enum { SIGNATURES_MAX = 30, LINES_MAX = 200, QUERIES_MAX = AS_WALK_MAX * 11 + 1 };

static const struct as_dns_options dns_options = { .cache_bytes = 1 << 20, .max_ttl_s = 3600 };
static const struct as_dns_limits dns_limits = { .budget = 200, .timeout_ms = 20000 };

struct input {
	struct as_arena *arena;
	struct as_dns_fake *fake;
	struct as_dmarc_request request;
	struct as_spf_outcome spf;
	struct as_dkim_outcome dkim;
	struct as_dkim_signature signatures[SIGNATURES_MAX];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_record(const char *text, size_t n)
{
	struct as_arena *arena = as_arena_new();
	struct as_dmarc_record record;
	as_dmarc_is_record(text, n);
	as_dmarc_record_parse(arena, text, n, &record);
	assert(strlen(record.text) <= 1027);
	assert(record.rua && record.ruf && record.fo != 0);
	as_arena_free(arena);
}

static const char *read_domain(struct as_arena *arena, const char *text, size_t n)
{
	const char *domain;
	return as_domain_normal(arena, text, n, &domain) ? NULL : domain;
}

/* A record line is "NAME TEXT". */
static void add_record(struct input *input, const char *text, size_t n)
{
	const char *blank = memchr(text, ' ', n);
	if (!blank)
		return;
	size_t length = (size_t)(blank - text);
	const char *name = read_domain(input->arena, text, length);
	if (name && strlen(name) < AS_DOMAIN_MAX - 7)
		as_dns_fake_txt(input->fake, as_printf(input->arena, "_dmarc.%s", name), blank + 1, n - length - 1);
}

/* The first byte says what a line is; SPF and DKIM take their code from the second. */
static void take_line(struct input *input, const char *line, size_t n)
{
	const char *detail;
	if (n < 3)
		return;
	const char *domain = strchr("fsd", line[0]) ? read_domain(input->arena, line + 2, n - 2) : NULL;
	enum as_code code = (enum as_code)((unsigned char)line[1] % AS_CODES);
	if (line[0] == 'f') {
		input->request.author_domain = domain;
	} else if (line[0] == 's') {
		input->spf = (struct as_spf_outcome){ .code = code, .domain = domain };
		input->request.spf = &input->spf;
	} else if (line[0] == 'd' && input->dkim.count < SIGNATURES_MAX) {
		input->signatures[input->dkim.count++] = (struct as_dkim_signature){ .code = code, .domain = domain };
	} else if (line[0] == 'l') {
		input->request.discovery = AS_DISCOVERY_PSL;
	} else if (line[0] == 'r') {
		add_record(input, line + 2, n - 2);
	} else if (line[0] == 'z') {
		(void)as_dns_fake_load(input->fake, input->arena, line + 2, n - 2, &detail); /* what it does not take is not there */
	}
}

static void read_input(struct input *input, const char *text, size_t n)
{
	input->dkim.signatures = input->signatures;
	input->request.dkim = &input->dkim;
	for (unsigned lines = 0; n > 0 && lines < LINES_MAX; lines++) {
		const char *end = memchr(text, '\n', n);
		size_t length = end ? (size_t)(end - text) : n;
		take_line(input, text, length);
		length += end != NULL;
		text += length;
		n -= length;
	}
}

static void check_outcome(const struct input *input, const struct as_dmarc_outcome *out)
{
	bool is_aligned = out->spf_aligned || out->dkim_aligned;
	assert(as_code_name(out->code) && out->code != AS_SOFTFAIL && out->code != AS_NEUTRAL && out->code != AS_POLICY);
	assert((out->code == AS_PASS) == is_aligned);
	assert(out->dkim_aligned == (out->dkim_domain != NULL));
	assert(out->code != AS_FAIL || out->record);
	assert((out->record != NULL) == (out->policy_domain != NULL) && (out->record != NULL) == (out->source != NULL));
	assert(out->policy <= out->published && (out->record || out->published == AS_DMARC_NONE));
	assert((out->code != AS_TEMPERROR && out->code != AS_PERMERROR) || out->reason);
	assert(!out->policy_domain || as_domain_is_below(out->author_domain, out->policy_domain));
	assert(!out->organization || as_domain_is_below(out->author_domain, out->organization));
	assert(as_dns_fake_queries(input->fake, NULL, 0) <= QUERIES_MAX);
}

static struct as_dmarc_outcome evaluate(const char *text, size_t n, struct as_psl *psl, bool starts_early)
{
	struct input input = { .arena = as_arena_new(), .fake = as_dns_fake_new(0) };
	read_input(&input, text, n);
	input.request.psl = psl;
	struct as_dns *dns = as_dns_new(as_dns_fake_backend(input.fake), &dns_options, as_dns_fake_clock(input.fake));
	struct as_dns_set *set = as_dns_set_new(dns, &dns_limits);
	struct as_dmarc_outcome outcome;
	if (starts_early && input.request.author_domain)
		as_dmarc_start(set, input.request.author_domain);
	as_dmarc_check(input.arena, set, &input.request, &outcome);
	check_outcome(&input, &outcome);
	as_dns_set_free(set);
	as_dns_unref(dns);
	as_dns_fake_free(input.fake);
	as_arena_free(input.arena);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct as_psl *psl;
	if (!psl) {
		struct as_arena *arena = as_arena_new();
		const char *detail;
		psl = as_psl_load(arena, AS_TEST_SRCDIR "/conformance/dmarc/suffixes.dat", &detail);
		as_arena_free(arena);
	}
	const char *text = (const char *)data;
	fuzz_record(text, size);
	struct as_dmarc_outcome late = evaluate(text, size, psl, false);
	struct as_dmarc_outcome early = evaluate(text, size, psl, true);
	assert(late.code == early.code && late.policy == early.policy && late.published == early.published);
	assert(late.dnssec == early.dnssec);
	return 0;
}
