/* SPDX-License-Identifier: BSD-2-Clause */
/* relay.c - the way of a message through our own relays, read off their Received fields. */
#include "config.h"

#include "relay.h"

#include "domain.h"
#include "received.h"

#include <string.h>

enum { HOPS_MAX = 20 }; /* two for each relay that filters its mail on itself, and ten of these */

const struct as_relay *as_relay_find(const struct as_settings *settings, const struct as_ip *client)
{
	for (size_t i = 0; i < settings->relay_count; i++)
		for (size_t j = 0; j < settings->relays[i].network_count; j++)
			if (as_network_has(&settings->relays[i].networks[j], client))
				return &settings->relays[i];
	return NULL;
}

/* A relay that speaks to itself: a filter behind its queue. */
static bool is_loopback(const struct as_ip *ip)
{
	static const struct as_ip last = { .family = 6, .bytes = { [15] = 1 } };
	return (ip->family == 4 && ip->bytes[0] == 127) || as_ip_prefix_equal(ip, &last, 128);
}

static bool is_by(struct as_arena *arena, const struct as_relay *relay, const char *by)
{
	const char *domain;
	if (!relay->by[0])
		return true;
	return as_domain_normal(arena, by, strlen(by), &domain) == AS_OK && as_domain_is_listed(relay->by, domain);
}

/* One field; NULL, or why it tells nothing of the relay's client. */
static const char *read_hop(struct as_arena *arena, const struct as_relay *relay, const struct as_field *field,
			    struct as_received *received)
{
	const char *trouble = as_received_parse(arena, field->value, field->value_length, received);
	if (!trouble && !is_by(arena, relay, received->by))
		trouble = "it is by another host";
	return trouble;
}

void as_relay_trace(struct as_arena *arena, const struct as_settings *settings, const struct as_relay *relay,
		    const struct as_fields *fields, struct as_relayed *relayed)
{
	*relayed = (struct as_relayed){ .hops = 0 };
	for (size_t i = 0; i < fields->count && relayed->hops < HOPS_MAX; i++) {
		struct as_received received;
		if (!as_field_is(&fields->list[i], "Received"))
			continue;
		const char *trouble = read_hop(arena, relay, &fields->list[i], &received);
		if (++relayed->hops, trouble) {
			relayed->trouble = as_printf(arena, "Received field %u: %s", relayed->hops, trouble);
			return;
		}
		const struct as_relay *next = as_relay_find(settings, &received.client);
		if (!next && !is_loopback(&received.client)) {
			relayed->client = received.client;
			relayed->name = received.name;
			relayed->helo = received.helo;
			return;
		}
		relay = next ? next : relay;
	}
	bool is_endless = relayed->hops == HOPS_MAX;
	relayed->trouble = !relayed->hops ? "no Received field" : is_endless ? "too many relays" : "no client before the relays";
}
