/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spf_libspf2.c - libspf2 against a plain loop over the same programs. */
#include "config.h"

#include "test.h"

#include "spf_check.h"
#include "spf_libspf2.h"

/* CVE-2023-42118: libspf2 sees programs of ours and no text of others. */

struct script {
	struct as_spf_program programs[8];
	unsigned char matches[256]; /* of enum as_spf_match, by id */
};

static bool open_script(void *user, unsigned id, struct as_spf_program *program)
{
	const struct script *script = user;
	*program = script->programs[id % 8];
	return true;
}

static enum as_spf_match match_script(void *user, unsigned id)
{
	return (enum as_spf_match)((const struct script *)user)->matches[id % 256];
}

/* RFC 7208 4.6.2, 5.2 and 6.1 word for word. */
static struct as_spf_end evaluate(const struct script *script, unsigned id)
{
	const struct as_spf_program *program = &script->programs[id % 8];
	for (size_t i = 0; i < program->count; i++) {
		const struct as_spf_step *step = &program->steps[i];
		if (step->kind == AS_SPF_STEP_REDIRECT)
			return evaluate(script, step->id);
		enum as_spf_match match = (enum as_spf_match)script->matches[step->id % 256];
		if (step->kind == AS_SPF_STEP_INCLUDE) {
			struct as_spf_end inner = evaluate(script, step->id);
			match = inner.is_stopped ? AS_SPF_STOP : inner.code == AS_PASS ? AS_SPF_YES : AS_SPF_NO;
		}
		if (match == AS_SPF_STOP)
			return (struct as_spf_end){ .is_stopped = true };
		if (match == AS_SPF_YES)
			return (struct as_spf_end){ .code = step->qualifier };
	}
	return (struct as_spf_end){ .code = AS_NEUTRAL, .is_default = true };
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Program n opens programs n+1..7 only, so that every evaluation ends. */
static void write_script(struct script *script, uint32_t *random)
{
	static const enum as_code qualifiers[] = { AS_PASS, AS_FAIL, AS_SOFTFAIL, AS_NEUTRAL };
	for (unsigned n = 0; n < 8; n++) {
		struct as_spf_program *program = &script->programs[n];
		program->count = next_random(random) % (AS_SPF_STEPS_MAX + 1);
		for (size_t i = 0; i < program->count; i++) {
			bool is_include = n < 7 && next_random(random) % 3 == 0;
			bool is_redirect = n < 7 && i + 1 == program->count && next_random(random) % 2 == 0;
			unsigned id = is_include || is_redirect ? n + 1 + next_random(random) % (7 - n) : next_random(random) % 256;
			program->steps[i] = (struct as_spf_step){
				is_redirect ? AS_SPF_STEP_REDIRECT : is_include ? AS_SPF_STEP_INCLUDE : AS_SPF_STEP_MATCH,
				is_redirect ? AS_PASS : qualifiers[next_random(random) % 4], id
			};
		}
	}
	for (size_t i = 0; i < 256; i++) {
		unsigned roll = next_random(random) % 100;
		script->matches[i] = roll < 12 ? AS_SPF_YES : roll < 13 ? AS_SPF_STOP : AS_SPF_NO;
	}
}

static void test_evaluator(void **state)
{
	(void)state;
	uint32_t random = 2463534242U;
	unsigned seen[AS_CODES] = { 0 };
	unsigned stops = 0;
	for (int i = 0; i < 3000; i++) {
		struct script script = { 0 };
		write_script(&script, &random);
		struct as_spf_end want = evaluate(&script, 0);
		struct as_spf_end got = as_spf_libspf2_evaluate(&(struct as_spf_driver){ open_script, match_script, &script });
		stops += want.is_stopped;
		seen[want.code] += !want.is_stopped;
		if (got.is_stopped != want.is_stopped || (!want.is_stopped && (got.code != want.code || got.is_default != want.is_default)))
			fail_msg("script %d: want %s%s, got %s%s", i, want.is_stopped ? "stop " : "", as_code_name(want.code),
				got.is_stopped ? "stop " : "", as_code_name(got.code));
	}
	assert_true(stops > 50 && seen[AS_PASS] > 50 && seen[AS_FAIL] > 50 && seen[AS_SOFTFAIL] > 50 && seen[AS_NEUTRAL] > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_evaluator) };
	as_spf_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
