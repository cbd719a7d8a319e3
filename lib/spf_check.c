/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_check.c - SPF for one identity: entry conditions, the evaluation, and its result in words. */
#include "config.h"

#include "spf_check.h"

#include "spf_eval.h"

enum { MECHANISM_MAX = 255 };

/* The term that explains the result, RFC 7208 9.1: the innermost one that matched, unless an include on the way down turns its pass
 * into something else. */
static const struct as_spf_asked *deciding(const struct as_spf_eval *eval)
{
	const struct as_spf_asked *found = eval->matched;
	for (const struct as_spf_asked *asked = eval->matched; asked && asked->term; asked = asked->node->from)
		if (asked->term->kind == AS_SPF_INCLUDE && asked->term->qualifier != AS_PASS)
			found = asked;
	return found;
}

static void report_match(const struct as_spf_eval *eval, bool is_default, struct as_spf_outcome *outcome)
{
	const struct as_spf_asked *found = is_default ? NULL : deciding(eval);
	if (found) {
		size_t n = found->term->text.n < MECHANISM_MAX ? found->term->text.n : MECHANISM_MAX;
		outcome->mechanism = as_strndup(eval->arena, found->term->text.at, n);
		outcome->where = found->node->domain;
	} else if (is_default) {
		outcome->mechanism = "default";
		outcome->where = eval->frame->domain;
	}
}

/* exp= of the record that failed, not of what it included (6.2). Nothing here is counted or can change the result (SP-13). */
static const char *explain(struct as_spf_eval *eval)
{
	const struct as_spf_node *node = eval->frame;
	if (!node || node->record->exp.n == 0)
		return NULL;
	eval->is_explaining = true;
	eval->query.values.domain = node->domain;
	const char *name = as_spf_expand_domain(eval->arena, node->record->exp, &eval->query.values);
	if (!name)
		return NULL;
	const struct as_dns_answer *answer = as_dns_get(eval->set, name, AS_DNS_TXT);
	if (answer->status != AS_DNS_OK || answer->count != 1)
		return NULL;
	struct as_spf_text text = { (const char *)answer->records[0].data, answer->records[0].size };
	return as_spf_expand_explanation(eval->arena, text, &eval->query.values);
}

void as_spf_unknown(struct as_arena *arena, const char *domain, const char *reason, struct as_spf_outcome *outcome)
{
	struct as_spf_query query = { .domain = NULL };
	struct as_spf_request request = { .client = { .family = 4 }, .domain = domain };
	const char *nothing = domain ? as_spf_query_new(arena, &request, &query) : NULL;
	*outcome = (struct as_spf_outcome){
		.code = nothing ? AS_NONE : AS_TEMPERROR,
		.reason = nothing ? nothing : reason,
		.domain = query.domain,
		.dnssec = AS_DNSSEC_INDETERMINATE,
	};
}

void as_spf_check(struct as_arena *arena, struct as_dns_set *set, const struct as_spf_request *request, struct as_spf_outcome *outcome)
{
	struct as_spf_eval *eval = as_alloc(arena, sizeof *eval);
	const char *reason = as_spf_query_new(arena, request, &eval->query);
	*outcome = (struct as_spf_outcome){ .dnssec = AS_DNSSEC_INDETERMINATE, .domain = eval->query.domain, .reason = reason };
	if (reason)
		return;
	as_spf_eval_init(eval, arena, set);
	bool is_default = as_spf_eval_run(eval);
	outcome->code = eval->code;
	outcome->reason = eval->reason;
	outcome->terms = eval->terms;
	outcome->voids = eval->voids;
	outcome->dnssec = eval->dnssec;
	outcome->weakest = as_strdup(arena, eval->weakest); /* an answer's, until here */
	if (eval->is_forced)
		return;
	report_match(eval, is_default, outcome);
	if (eval->code == AS_FAIL && eval->query.wants_explanation)
		outcome->explanation = explain(eval);
}
