/* SPDX-License-Identifier: BSD-2-Clause */
/* iprev_check.c - reverse DNS of a client, there and back again.
 *
 * Whoever has the address writes the names. So they are looked up, compared and shown, never believed: no more than
 * AS_IPREV_NAMES_MAX of them, and of one that DNS cannot ask nothing is asked. The first that leads back ends the check.
 */
#include "config.h"

#include "iprev_check.h"

#include "str.h"

#include <stdlib.h>

static enum as_dns_type forward_type(const struct as_ip *client)
{
	return client->family == 4 ? AS_DNS_A : AS_DNS_AAAA;
}

static size_t names_of(const struct as_dns_answer *ptr)
{
	return ptr->count < AS_IPREV_NAMES_MAX ? ptr->count : AS_IPREV_NAMES_MAX;
}

/* --- the early start ------------------------------------------------------------------------------------------------ */

/* Lives as long as the set, because the answer may come in the resolver's thread at any time before. */
struct starter {
	struct as_dns_set *set;
	enum as_dns_type type;
};

static void on_names(void *user, const struct as_dns_answer *ptr)
{
	const struct starter *starter = user;
	for (size_t i = 0; i < names_of(ptr); i++)
		as_dns_start(starter->set, ptr->records[i].name, starter->type);
}

void as_iprev_start(struct as_dns_set *set, const struct as_ip *client)
{
	struct as_arena *arena = as_arena_new();
	struct starter *starter = as_xalloc(sizeof *starter);
	*starter = (struct starter){ .set = set, .type = forward_type(client) };
	as_dns_set_defer(set, free, starter);
	as_dns_start_then(set, as_dns_reverse_name(arena, client), AS_DNS_PTR, on_names, starter);
	as_arena_free(arena);
}

/* --- the check ------------------------------------------------------------------------------------------------------ */

static void note_state(struct as_iprev_outcome *outcome, const struct as_dns_answer *answer)
{
	if (outcome->weakest && answer->dnssec <= outcome->dnssec)
		return;
	outcome->dnssec = answer->dnssec;
	outcome->weakest = answer->name;
}

static bool has_client(const struct as_dns_answer *answer, const struct as_ip *client)
{
	for (size_t i = 0; i < answer->count; i++) {
		struct as_ip ip = as_ip_from_bytes(answer->records[i].data, answer->records[i].size);
		if (ip.family == client->family && as_ip_prefix_equal(&ip, client, 128))
			return true;
	}
	return false;
}

static void set_result(struct as_iprev_outcome *outcome, enum as_code code, const char *reason)
{
	outcome->code = code;
	outcome->reason = reason;
}

/* A name that cannot be looked up may be the one that leads back: without another that does, the error stands (2.7.3). */
static void check_names(struct as_dns_set *set, const struct as_ip *client, const struct as_dns_answer *ptr,
			struct as_iprev_outcome *outcome)
{
	const struct as_iprev_outcome so_far = *outcome;
	set_result(outcome, AS_FAIL, ptr->count > AS_IPREV_NAMES_MAX ? "none of the first names leads back" : "no name leads back");
	for (size_t i = 0; i < names_of(ptr); i++) {
		const struct as_dns_answer *answer = as_dns_get(set, ptr->records[i].name, forward_type(client));
		if (answer->status == AS_DNS_OK && has_client(answer, client)) { /* rests on this name alone */
			*outcome = so_far;
			set_result(outcome, AS_PASS, NULL);
			outcome->name = ptr->records[i].name;
			note_state(outcome, answer);
			return;
		}
		if (answer->status == AS_DNS_TEMPFAIL) {
			if (outcome->code != AS_TEMPERROR)
				set_result(outcome, AS_TEMPERROR, answer->reason);
			outcome->undecided[outcome->undecided_count++] = ptr->records[i].name;
		}
		note_state(outcome, answer);
	}
}

void as_iprev_check(struct as_arena *arena, struct as_dns_set *set, const struct as_ip *client, struct as_iprev_outcome *outcome)
{
	const struct as_dns_answer *ptr = as_dns_get(set, as_dns_reverse_name(arena, client), AS_DNS_PTR);
	*outcome = (struct as_iprev_outcome){ .count = ptr->count };
	note_state(outcome, ptr);
	if (ptr->status == AS_DNS_TEMPFAIL)
		set_result(outcome, AS_TEMPERROR, ptr->reason);
	else if (ptr->count == 0)
		set_result(outcome, AS_PERMERROR, "no PTR record");
	else
		check_names(set, client, ptr, outcome);
	/* the answers' strings end with the set */
	outcome->weakest = as_strdup(arena, outcome->weakest);
	outcome->name = as_strdup(arena, outcome->name);
	outcome->reason = as_strdup(arena, outcome->reason);
	for (size_t i = 0; i < outcome->undecided_count; i++)
		outcome->undecided[i] = as_strdup(arena, outcome->undecided[i]);
}
