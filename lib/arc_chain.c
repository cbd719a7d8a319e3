/* SPDX-License-Identifier: BSD-2-Clause */
/* arc_chain.c - the signatures of a chain: the newest message signature, the seals from the newest down, then older message signatures.
 *
 * Only what decides is asked for without bound: older message signatures (RFC 8617 5.2 step 5, which is optional) are looked at down
 * to OLDER_MOST, which leaves header.oldest-pass unknown for longer chains that are whole so far; a body hash of a fifth kind counts as
 * not verified.
 */
#include "config.h"

#include "arc_chain.h"

#include "arc_seal.h"
#include "arc_sets.h"
#include "dkim_check.h"
#include "dkim_hash.h"
#include "str.h"

#include <string.h>

enum { OLDER_MOST = 10, BODIES_MOST = 4 };

struct as_arc {
	struct as_arena *arena;
	struct as_dns_set *set;
	struct as_arc_options options;
	const struct as_fields *fields;
	struct as_arc_sets sets;
	size_t oldest_tried; /* instance of the oldest message signature that is looked at */
	const struct as_body_hash *bodies[BODIES_MOST];
	size_t body_count;
	struct as_buf text; /* room to work in */
	bool was_asked;
	bool is_unknown; /* the first key that failed could not be looked up */
	enum as_dnssec dnssec;
};

static const struct as_dkim_parsed *message_of(const struct as_arc *arc, size_t instance)
{
	return &arc->sets.list[instance - 1].message_parsed;
}

static const struct as_dkim_parsed *seal_of(const struct as_arc *arc, size_t instance)
{
	return &arc->sets.list[instance - 1].seal_parsed;
}

static const char *key_name(struct as_arc *arc, const struct as_dkim_parsed *parsed)
{
	return as_printf(arc->arena, "%s._domainkey.%s", parsed->selector, parsed->domain);
}

/* A chain that would use up the budget of the message is asked about when its turn comes. */
static void start_key(struct as_arc *arc, const struct as_dkim_parsed *parsed)
{
	if (as_dns_set_has_room(arc->set))
		as_dns_start(arc->set, key_name(arc, parsed), AS_DNS_TXT);
}

/* The hash for a message signature; NULL: there are too many different ones. */
static const struct as_body_hash *body_of(const struct as_arc *arc, const struct as_dkim_parsed *parsed)
{
	for (size_t i = 0; i < arc->body_count; i++)
		if (arc->bodies[i]->is_relaxed == parsed->is_relaxed_body && arc->bodies[i]->most == parsed->length)
			return arc->bodies[i];
	return NULL;
}

static void need_body(struct as_arc *arc, struct as_body_hashes *bodies, const struct as_dkim_parsed *parsed)
{
	if (!body_of(arc, parsed) && arc->body_count < BODIES_MOST)
		arc->bodies[arc->body_count++] = as_body_hashes_need(bodies, parsed->is_relaxed_body, parsed->length);
}

/* The newest first, so that an older one never takes its body hash away. */
static void start(struct as_arc *arc, struct as_body_hashes *bodies)
{
	size_t newest = arc->sets.count;
	arc->oldest_tried = newest > OLDER_MOST ? newest - OLDER_MOST : 1;
	for (size_t i = newest; i > 0; i--) {
		start_key(arc, seal_of(arc, i));
		if (i < arc->oldest_tried || message_of(arc, i)->code != AS_NONE)
			continue;
		start_key(arc, message_of(arc, i));
		need_body(arc, bodies, message_of(arc, i));
	}
}

struct as_arc *as_arc_begin(struct as_arena *arena, struct as_dns_set *set, struct as_body_hashes *bodies,
			    const struct as_arc_options *options, const struct as_fields *fields)
{
	struct as_arc_sets sets;
	if (!as_arc_sets_read(arena, fields, options->now_s, options->drift_s, &sets))
		return NULL;
	struct as_arc *arc = as_alloc(arena, sizeof *arc);
	*arc = (struct as_arc){ .arena = arena, .set = set, .options = *options, .fields = fields, .sets = sets };
	arc->text = as_buf_new(arena);
	if (!sets.problem)
		start(arc, bodies);
	return arc;
}

/* --- the end ------------------------------------------------------------------------------------------------------- */

/* NULL: the signature is right, else why not. The DNSSEC state of a key counts when the result rests on it, as it does on an
 * optional signature only when that is right. */
static const char *check(struct as_arc *arc, const struct as_dkim_parsed *parsed, const unsigned char hash[AS_SHA256_SIZE],
			 bool is_optional)
{
	static const struct as_dkim_keys none;
	const struct as_dns_answer *answer = as_dns_get(arc->set, key_name(arc, parsed), AS_DNS_TXT);
	const char *reason;
	if (answer->status == AS_DNS_TEMPFAIL)
		reason = answer->dnssec == AS_DNSSEC_BOGUS ? "key lookup bogus" : "key lookup failed";
	else
		reason = as_dkim_check(parsed, hash, answer->count ? as_dkim_keys_of(answer) : &none, arc->options.minimum_key_bits).reason;
	if (is_optional && reason)
		return reason;
	arc->is_unknown = answer->status == AS_DNS_TEMPFAIL;
	arc->dnssec = arc->was_asked && arc->dnssec > answer->dnssec ? arc->dnssec : answer->dnssec;
	arc->was_asked = true;
	return reason;
}

static const char *check_message(struct as_arc *arc, size_t instance, bool is_optional)
{
	const struct as_dkim_parsed *parsed = message_of(arc, instance);
	unsigned char hash[AS_SHA256_SIZE];
	if (parsed->code != AS_NONE)
		return parsed->reason;
	const struct as_body_hash *body = body_of(arc, parsed);
	if (!body)
		return "too many kinds of body hashes";
	if (parsed->has_length && parsed->length > body->length) /* RFC 6376 3.7 */
		return "body shorter than l=";
	if (parsed->has_length && parsed->length < body->length && !arc->options.accepts_length)
		return "part of the body is not signed";
	if (parsed->bh_size != AS_SHA256_SIZE || memcmp(parsed->bh, body->hash, AS_SHA256_SIZE) != 0)
		return "body hash mismatch";
	as_dkim_hash_header(&arc->text, arc->fields, arc->sets.list[instance - 1].message, parsed, hash);
	return check(arc, parsed, hash, is_optional);
}

static const char *tell(struct as_arc *arc, const char *what, size_t instance, const char *reason)
{
	return as_printf(arc->arena, "%s i=%zu: %s", what, instance, reason);
}

/* RFC 8617 5.2 steps 4 and 6. NULL: the chain passes. */
static const char *check_chain(struct as_arc *arc)
{
	unsigned char hashes[AS_ARC_INSTANCE_MAX][AS_SHA256_SIZE];
	const char *reason = check_message(arc, arc->sets.count, false);
	if (reason)
		return tell(arc, "ARC-Message-Signature", arc->sets.count, reason);
	as_arc_seal_hashes(&arc->text, &arc->sets, hashes);
	for (size_t i = arc->sets.count; i > 0; i--) {
		reason = check(arc, seal_of(arc, i), hashes[i - 1], false);
		if (reason)
			return tell(arc, "ARC-Seal", i, reason);
	}
	return NULL;
}

/* RFC 8617 5.2 step 5, done when it is of use. */
static void find_oldest_pass(struct as_arc *arc, struct as_arc_outcome *outcome)
{
	size_t i = arc->sets.count - 1;
	while (i >= arc->oldest_tried && i > 0 && !check_message(arc, i, true))
		i--;
	outcome->has_oldest_pass = i == 0 || i >= arc->oldest_tried;
	outcome->oldest_pass = i == 0 ? 0 : (unsigned)i + 1;
}

static void list_sealers(struct as_arc *arc, struct as_arc_outcome *outcome)
{
	struct as_arc_sealer *sealers = as_alloc_array(arc->arena, arc->sets.count, sizeof *sealers);
	for (size_t i = 0; i < arc->sets.count; i++) {
		const struct as_arc_set *set = &arc->sets.list[i];
		sealers[i] = (struct as_arc_sealer){ set->seal_parsed.domain, set->seal_parsed.selector, set->results };
	}
	outcome->count = arc->sets.count;
	outcome->sealers = sealers;
}

void as_arc_finish(struct as_arc *arc, struct as_arc_outcome *outcome)
{
	*outcome = (struct as_arc_outcome){ .code = AS_NONE };
	if (!arc)
		return;
	outcome->reason = arc->sets.problem ? arc->sets.problem : check_chain(arc);
	outcome->code = outcome->reason ? AS_FAIL : AS_PASS;
	outcome->is_unknown = arc->is_unknown;
	if (outcome->code == AS_PASS)
		find_oldest_pass(arc, outcome);
	if (outcome->code == AS_PASS || outcome->is_unknown)
		list_sealers(arc, outcome);
	outcome->was_asked = arc->was_asked;
	outcome->dnssec = arc->dnssec;
}
