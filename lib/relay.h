/* SPDX-License-Identifier: BSD-2-Clause */
/* relay.h - hosts in front of us that pass on mail of others, such as a backup MX: who handed a message to them? SP-4 */
#ifndef AS_RELAY_H
#define AS_RELAY_H

#include "arena.h"
#include "field.h"
#include "ip.h"
#include "settings.h"

struct as_relayed {
	struct as_ip client; /* family 0: it is not known */
	const char *name, *helo; /* NULL: not told */
	unsigned hops;       /* Received fields that were read */
	const char *trouble; /* why the client is not known, printable; NULL */
};

/* The relay at this address; NULL. Settings memory. */
const struct as_relay *as_relay_find(const struct as_settings *settings, const struct as_ip *client);

/* The client of a message that comes from this relay: the first one, from the topmost Received field down, that is no relay itself. What
 * stands below a field whose client is a stranger is the stranger's. Total and pure; strings in the arena. */
void as_relay_trace(struct as_arena *arena, const struct as_settings *settings, const struct as_relay *relay,
		    const struct as_fields *fields, struct as_relayed *relayed);

#endif
