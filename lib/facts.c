/* SPDX-License-Identifier: BSD-2-Clause */
/* facts.c - draws facts for rules from a message. */
#include "config.h"

#include "facts.h"

#include "display_name.h"
#include "str.h"

#include <string.h>

enum { MESSAGE_ID_MAX = 1024 };

bool as_facts_is_trusted(const struct as_settings *settings, const struct as_ip *client)
{
	for (size_t i = 0; i < settings->trusted_network_count; i++)
		if (as_network_has(&settings->trusted_networks[i], client))
			return true;
	return false;
}

unsigned as_facts_needs(const struct as_settings *settings)
{
	unsigned rules = settings->rules ? settings->rules->needs : 0;
	return rules | (settings->translation_count ? AS_NEEDS_RECIPIENTS : 0);
}

/* Without a usable domain the address is what was given. */
static const struct as_recipient *recipients_of(const struct as_message *message)
{
	struct as_recipient *list = as_alloc_array(message->arena, message->recipient_count, sizeof *list);
	for (size_t i = 0; i < message->recipient_count; i++) {
		const char *given = message->recipients[i], *local, *domain;
		list[i] = (struct as_recipient){ .address = given, .domain = "" };
		if (as_path_parse_lax(message->arena, given, &local, &domain) != AS_OK || !*domain)
			continue;
		list[i].address = as_printf(message->arena, "%s@%s", as_lower_copy(message->arena, local, strlen(local)), domain);
		list[i].domain = domain;
	}
	return list;
}

/* Folds and spaces do not make another message. */
static const char *message_id_of(const struct as_message *message)
{
	const struct as_field *field = as_fields_find(&message->fields, "Message-ID");
	struct as_buf id = as_buf_new(message->arena);
	for (size_t i = 0; field && i < field->value_length && i < MESSAGE_ID_MAX; i++)
		if (!as_is_fws(field->value[i]) && field->value[i])
			as_buf_putc(&id, field->value[i]);
	return id.text;
}

static const struct as_display_name *display_name_of(const struct as_message *message)
{
	struct as_display_name *name = as_alloc(message->arena, sizeof *name);
	as_display_name_find(message->arena, &message->fields, message->from.domain, name);
	return name;
}

void as_facts_collect(struct as_message *message, const struct as_settings *settings, struct as_facts *facts)
{
	unsigned wanted = message->skipped_by ? 0 : as_facts_needs(settings);
	if (wanted & AS_NEEDS_RECIPIENTS && !facts->recipients) {
		facts->recipients = recipients_of(message);
		facts->recipient_count = message->recipient_count;
	}
	if (wanted & AS_NEEDS_HEADER)
		facts->header = as_rules_see_header(message->arena, settings->rules, &message->fields);
	if (wanted & AS_NEEDS_NAME && !facts->display_name)
		facts->display_name = display_name_of(message);
	if (wanted & AS_NEEDS_SAMPLE && !facts->message_id)
		facts->message_id = message_id_of(message);
}
