/* SPDX-License-Identifier: BSD-2-Clause */
/* facts.h - facts of a message that depend on the settings which look at them. */
#ifndef AS_FACTS_H
#define AS_FACTS_H

#include "message.h"

#include <stdbool.h>

/* Is this client one of trusted-networks? */
bool as_facts_is_trusted(const struct as_settings *settings, const struct as_ip *client);

/* What the rules of these settings need: bits of enum as_rule_need. */
unsigned as_facts_needs(const struct as_settings *settings);

/* Adds to facts what costs something and the rules look at. Nothing for a message that is not judged. Memory of the message. */
void as_facts_collect(struct as_message *message, const struct as_settings *settings, struct as_facts *facts);

#endif
