/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_eval.c - the driver of libspf2: opens records, owns the limits of RFC 7208 4.6.4 and the forced result.
 *
 * Every record becomes a program of numbers (spf_libspf2.h). Terms that are decided without DNS are decided here: those that do
 * not match are left out, one that does ends the program. A limit, an error of DNS or of syntax is stored as the forced result and
 * stops libspf2.
 */
#include "config.h"

#include "spf_eval.h"

#include "domain.h"
#include "str.h"

#include <string.h>

enum { SHOWN_MAX = 80 };

void as_spf_eval_init(struct as_spf_eval *eval, struct as_arena *arena, struct as_dns_set *set)
{
	eval->arena = arena;
	eval->set = set;
	eval->asked_count = 1;
	eval->query.values.validated_name = as_spf_eval_client_name;
	eval->query.values.user = eval;
	eval->dnssec = AS_DNSSEC_INDETERMINATE;
}

enum as_spf_match as_spf_eval_force(struct as_spf_eval *eval, enum as_code code, const char *format, ...)
{
	if (eval->is_forced)
		return AS_SPF_STOP;
	va_list args;
	va_start(args, format);
	eval->is_forced = true;
	eval->code = code;
	eval->reason = as_vprintf(eval->arena, format, args);
	va_end(args);
	return AS_SPF_STOP;
}

const char *as_spf_eval_shown(struct as_spf_eval *eval, const char *name)
{
	return as_escape(eval->arena, name, strlen(name), SHOWN_MAX);
}

enum as_spf_match as_spf_eval_lost(struct as_spf_eval *eval, const struct as_dns_answer *answer)
{
	return as_spf_eval_force(eval, AS_TEMPERROR, "%s lookup of %s: %s", as_dns_type_name(answer->type),
		as_spf_eval_shown(eval, answer->name), answer->reason);
}

const struct as_dns_answer *as_spf_eval_ask(struct as_spf_eval *eval, const char *name, enum as_dns_type type)
{
	const struct as_dns_answer *answer = as_dns_get(eval->set, name, type);
	if (!eval->has_dnssec || answer->dnssec > eval->dnssec) {
		eval->has_dnssec = true;
		eval->dnssec = answer->dnssec;
		eval->weakest = answer->name;
	}
	return answer;
}

bool as_spf_eval_count(struct as_spf_eval *eval)
{
	if (eval->is_explaining)
		return true;
	if (++eval->terms <= AS_SPF_TERMS_MAX)
		return true;
	(void)as_spf_eval_force(eval, AS_PERMERROR, "more than %d terms that query DNS", AS_SPF_TERMS_MAX);
	return false;
}

/* The domain's record, or NULL with the result forced. term: the include or redirect that led here, NULL for the request itself.
 * A missing record is "none" for the request and "permerror" for a term (RFC 7208 5.2, 6.1; SP-14, SP-15). */
static const struct as_spf_record *find_record(struct as_spf_eval *eval, const char *domain, const struct as_spf_term *term)
{
	enum as_code missing = term ? AS_PERMERROR : AS_NONE;
	const char *shown = as_spf_eval_shown(eval, domain);
	if (!as_spf_query_is_domain(domain)) {
		(void)as_spf_eval_force(eval, missing, "%s is not a domain name", shown);
		return NULL;
	}
	const struct as_dns_answer *answer = as_spf_eval_ask(eval, domain, AS_DNS_TXT);
	const struct as_spf_record *record = as_spf_query_record(answer);
	if (answer->status == AS_DNS_TEMPFAIL)
		(void)as_spf_eval_lost(eval, answer);
	else if (answer->status == AS_DNS_NXDOMAIN)
		(void)as_spf_eval_force(eval, missing, "%s does not exist", shown);
	else if (!record)
		(void)as_spf_eval_force(eval, missing, "%s has no SPF record", shown);
	else if (record->error && record->fault.n)
		(void)as_spf_eval_force(eval, AS_PERMERROR, "%s: %s: %s", shown, record->error,
			as_escape(eval->arena, record->fault.at, record->fault.n, SHOWN_MAX));
	else if (record->error)
		(void)as_spf_eval_force(eval, AS_PERMERROR, "%s: %s", shown, record->error);
	return eval->is_forced ? NULL : record;
}

static void add_step(struct as_spf_eval *eval, struct as_spf_program *program, enum as_spf_step_kind kind,
	const struct as_spf_node *node, const struct as_spf_term *term)
{
	if (program->count == AS_SPF_STEPS_MAX || eval->asked_count == AS_SPF_ASKED_MAX)
		return; /* the parser keeps records shorter, the limit of terms keeps nodes fewer */
	eval->asked[eval->asked_count] = (struct as_spf_asked){ node, term };
	program->steps[program->count++] = (struct as_spf_step){ kind, term->qualifier, (unsigned)eval->asked_count++ };
}

/* The record of a node as libspf2 will read it. */
static void write_program(struct as_spf_eval *eval, const struct as_spf_node *node, struct as_spf_program *program)
{
	for (size_t i = 0; i < node->record->count; i++) {
		const struct as_spf_term *term = &node->record->terms[i];
		bool is_match = as_spf_query_is_static_match(&eval->query, term);
		if (!is_match && !as_spf_kind_queries(term->kind))
			continue;
		add_step(eval, program, term->kind == AS_SPF_INCLUDE ? AS_SPF_STEP_INCLUDE : AS_SPF_STEP_MATCH, node, term);
		if (is_match)
			return;
	}
	if (node->record->has_redirect)
		add_step(eval, program, AS_SPF_STEP_REDIRECT, node, &node->record->redirect);
}

static bool open_program(void *user, unsigned id, struct as_spf_program *program)
{
	struct as_spf_eval *eval = user;
	if (eval->is_forced || id >= eval->asked_count)
		return false;
	const struct as_spf_asked *asked = &eval->asked[id];
	const char *domain = eval->query.domain;
	if (asked->term) {
		if (!as_spf_eval_count(eval))
			return false;
		eval->query.values.domain = asked->node->domain;
		domain = as_spf_query_name(eval->arena, &eval->query, asked->term);
	}
	if (!domain)
		return !eval->is_forced; /* RFC 8616 4: does not match; an empty program never does */
	const struct as_spf_record *record = find_record(eval, domain, asked->term);
	if (!record || eval->node_count == AS_SPF_NODES_MAX)
		return false;
	struct as_spf_node *node = &eval->nodes[eval->node_count++];
	*node = (struct as_spf_node){ domain, record, asked };
	if (!asked->term || (asked->term->kind == AS_SPF_REDIRECT && asked->node == eval->frame))
		eval->frame = node;
	write_program(eval, node, program);
	return true;
}

static enum as_spf_match match_term(void *user, unsigned id)
{
	struct as_spf_eval *eval = user;
	if (eval->is_forced || id >= eval->asked_count || !eval->asked[id].term)
		return AS_SPF_STOP;
	const struct as_spf_asked *asked = &eval->asked[id];
	eval->query.values.domain = asked->node->domain;
	enum as_spf_match match = as_spf_eval_term(eval, asked->term);
	if (match == AS_SPF_YES)
		eval->matched = asked;
	return match;
}

bool as_spf_eval_run(struct as_spf_eval *eval)
{
	struct as_spf_driver driver = { .open = open_program, .match = match_term, .user = eval };
	struct as_spf_end end = as_spf_libspf2_evaluate(&driver);
	if (end.is_stopped)
		(void)as_spf_eval_force(eval, AS_TEMPERROR, "evaluation failed");
	if (eval->is_forced)
		return false;
	eval->code = end.code;
	return end.is_default;
}
