/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_libspf2.h - libspf2 as the evaluator of programs that hold numbers only.
 *
 * No byte of a foreign record, name or explanation reaches libspf2: a program names its terms by numbers, its caller says which of
 * them match. What is left to libspf2 is the order of evaluation, the qualifiers, and the meaning of include and redirect.
 */
#ifndef AS_SPF_LIBSPF2_H
#define AS_SPF_LIBSPF2_H

#include "code.h"

#include <stdbool.h>
#include <stddef.h>

enum as_spf_step_kind {
	AS_SPF_STEP_MATCH,    /* ask whether term id matches */
	AS_SPF_STEP_INCLUDE,  /* matches when program id passes, RFC 7208 5.2 */
	AS_SPF_STEP_REDIRECT, /* go on with program id, 6.1; only as the last step */
};

struct as_spf_step {
	enum as_spf_step_kind kind;
	enum as_code qualifier; /* pass, fail, softfail or neutral */
	unsigned id;
};

enum { AS_SPF_STEPS_MAX = 16, AS_SPF_DEPTH_MAX = 20 };

struct as_spf_program {
	size_t count;
	struct as_spf_step steps[AS_SPF_STEPS_MAX];
};

enum as_spf_match { AS_SPF_NO, AS_SPF_YES, AS_SPF_STOP };

/* What an evaluation asks. The program to begin with has id 0. Programs nest AS_SPF_DEPTH_MAX deep at most. */
struct as_spf_driver {
	bool (*open)(void *user, unsigned id, struct as_spf_program *program); /* false: stop */
	enum as_spf_match (*match)(void *user, unsigned id);
	void *user;
};

struct as_spf_end {
	bool is_stopped;  /* the driver said so, or libspf2 failed; the rest says nothing */
	bool is_default;  /* no term matched, RFC 7208 4.7 */
	enum as_code code;
};

struct as_spf_end as_spf_libspf2_evaluate(const struct as_spf_driver *driver);

#endif
