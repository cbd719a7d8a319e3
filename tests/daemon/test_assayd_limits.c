/* SPDX-License-Identifier: BSD-2-Clause */
/* test_assayd_limits.c - what one message may cost in memory, as assayd(8) states it under LIMITS: the growth of the peak. */
#include "config.h"

#include "rig.h"

#include "arena.h"
#include "sanitized.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEGABYTE = 1024 * 1024, BOUND_KB = 16 * 1024, FACTOR = IS_SANITIZED ? 16 : 1 };

static const char signature[] = " v=1; a=rsa-sha256; d=example.com; s=s; h=from; "
				"bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA";

static void send_fields(struct milter_client *c, const char *name, const char *value, int count)
{
	for (int i = 0; i < count; i++)
		milter_header(c, name, value);
}

static void send_large_field(struct milter_client *c)
{
	char *value = as_xalloc(MEGABYTE + 1);
	memset(value, 'x', MEGABYTE);
	value[0] = ' ';
	milter_header(c, "X-Large", value);
	free(value);
}

static void send_many_fields(struct milter_client *c)
{
	send_fields(c, "X-Many", " x", 20000);
}

static void send_signatures(struct milter_client *c)
{
	send_fields(c, "DKIM-Signature", signature, 1000);
}

static void send_sets(struct milter_client *c)
{
	for (int i = 50; i > 0; i--) {
		char seal[256], message[256], results[128];
		snprintf(seal, sizeof seal, " i=%d; a=rsa-sha256; cv=%s; d=example.com; s=s; b=AAAA", i, i > 1 ? "pass" : "none");
		snprintf(message, sizeof message,
			 " i=%d; a=rsa-sha256; d=example.com; s=s; h=from; "
			 "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA", i);
		snprintf(results, sizeof results, " i=%d; mx.example.org; spf=pass", i);
		milter_header(c, "ARC-Seal", seal);
		milter_header(c, "ARC-Message-Signature", message);
		milter_header(c, "ARC-Authentication-Results", results);
	}
}

static void send_recipients(struct milter_client *c)
{
	char path[1040];
	memset(path, 'x', sizeof path);
	snprintf(path + 1000, sizeof path - 1000, "@example.org>");
	path[0] = '<';
	for (int i = 0; i < 10000; i++)
		milter_rcpt(c, path);
}

static void send_body(struct milter_client *c)
{
	char *body = as_xalloc(MEGABYTE);
	memset(body, 'x', MEGABYTE);
	for (int i = 0; i < 50; i++)
		milter_body(c, body, MEGABYTE);
	free(body);
}

static const struct {
	const char *name;
	void (*envelope)(struct milter_client *c);
	void (*header)(struct milter_client *c);
	void (*body)(struct milter_client *c);
} rows[] = {
	{ "a field of 1 MB", NULL, send_large_field, NULL },
	{ "20,000 fields", NULL, send_many_fields, NULL },
	{ "1,000 signatures", NULL, send_signatures, NULL },
	{ "50 ARC sets", NULL, send_sets, NULL },
	{ "10,000 recipients", send_recipients, NULL, NULL },
	{ "a body of 50 MB", NULL, send_signatures, send_body },
};

static void one_message_is_bounded(void **state)
{
	(void)state; /* rigs of their own: a peak never falls */
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct rig *rig = rig_new("evaluation-timeout = \"60s\"");
		struct milter_client *c = rig_client(rig, RIG_CLIENT_OURS);
		assert_int_not_equal(rig_message(c, "example.com")->answer, MILTER_LOST); /* what the first message makes, stays */
		unsigned long before_kb = daemon_memory_peak_kb(rig->daemon);
		rig_mail(c, "<user@example.com>");
		if (rows[i].envelope)
			rows[i].envelope(c);
		milter_header(c, "From", " user@example.com");
		if (rows[i].header)
			rows[i].header(c);
		milter_eoh(c);
		if (rows[i].body)
			rows[i].body(c);
		assert_int_not_equal(milter_eom(c)->answer, MILTER_LOST);
		unsigned long grown_kb = daemon_memory_peak_kb(rig->daemon) - before_kb;
		print_message("%s: %lu kB\n", rows[i].name, grown_kb);
		if (before_kb == 0 || grown_kb > (unsigned long)BOUND_KB * FACTOR)
			fail_msg("%s: %lu kB more", rows[i].name, grown_kb);
		rig_farewell(c);
		rig_free(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_message_is_bounded) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
