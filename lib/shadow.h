/* SPDX-License-Identifier: BSD-2-Clause */
/* shadow.h - what a shadow configuration would have decided about a message, on the facts that the one in force has collected. */
#ifndef AS_SHADOW_H
#define AS_SHADOW_H

#include "policy.h"

struct as_message;

enum as_shadow_kind {
	AS_SHADOW_SAME,
	AS_SHADOW_OTHER_RULE,   /* the same action by another rule, or with another reply or enhanced status code */
	AS_SHADOW_OTHER_ACTION,
	AS_SHADOW_UNKNOWN,      /* it hangs on a lookup that was not made */
};

struct as_shadow {
	enum as_shadow_kind kind;
	enum as_verb in_force, tried; /* what is done and what would be; when both are report-only, what would be done without that */
	struct as_decision decision;  /* AS_SHADOW_UNKNOWN: nothing */
};

/* Decides with env->settings->shadow.settings, which is there, and compares with message->decision; the result is message->shadow. Asks
 * nobody and does not wait. in_force: the facts that the decision rests on. */
void as_shadow_judge(struct as_message *message, const struct as_facts *in_force);

#endif
