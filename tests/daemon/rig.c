/* SPDX-License-Identifier: BSD-2-Clause */
/* rig.c - sets the pieces up. */
#include "config.h"

#include "rig.h"

#include "arena.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct dns_responder_row zone[] = {
	{ "example.com", "v=spf1 ip4:192.0.2.1 -all" },
	{ "_dmarc.example.com", "v=DMARC1; p=reject" },
	{ "quarantine.example", "v=spf1 ip4:192.0.2.1 -all" },
	{ "_dmarc.quarantine.example", "v=DMARC1; p=quarantine" },
	{ "none.example", "v=spf1 ip4:192.0.2.1 -all" },
	{ "_dmarc.none.example", "v=DMARC1; p=none" },
	{ "silent.example", NULL },
	{ "_dmarc.silent.example", NULL },
	{ NULL, NULL },
};

void rig_configure(struct rig *rig, const char *extra)
{
	char statistics[256] = ""; /* a keyword comes once */
	if (!strstr(extra, "rule-statistics"))
		snprintf(statistics, sizeof statistics, "rule-statistics = \"%s/rules\"\n", daemon_folder(rig->daemon));
	snprintf(rig->config, sizeof rig->config,
		 "authserv-id = \"mx.example.com\"\n"
		 "socket = \"%s\"\n"
		 "user = \"\"\n"
		 "trusted-networks = {\"127.0.0.0/8\", \"192.0.2.200\"}\n"
		 "log { target = \"stderr\" level = \"debug\" }\n"
		 "dns { mode = \"forward\" forward = {\"127.0.0.1@%u\"} trust-anchor = \"\" }\n"
		 "%s\n%s",
		 rig->address, dns_responder_port(rig->dns), extra, statistics);
	daemon_configure(rig->daemon, rig->config);
}

struct rig *rig_new(const char *extra)
{
	return rig_new_prepared(extra, NULL, NULL);
}

struct rig *rig_new_prepared(const char *extra, void (*prepare)(void *user), void *user)
{
	struct rig *rig = as_xalloc(sizeof *rig);
	rig->daemon = daemon_new();
	rig->dns = dns_responder_new(zone);
	snprintf(rig->address, sizeof rig->address, "unix:%s/socket", daemon_folder(rig->daemon));
	rig_configure(rig, extra);
	daemon_prepare(rig->daemon, prepare, user);
	if (!daemon_start(rig->daemon))
		fail_msg("assayd did not start: %s", daemon_log(rig->daemon));
	return rig;
}

void rig_discard(struct rig *rig)
{
	daemon_free(rig->daemon);
	dns_responder_free(rig->dns);
	free(rig);
}

void rig_free(struct rig *rig)
{
	int status = daemon_stop(rig->daemon);
	if (status != 0) /* cmocka cuts what it prints: a sanitizer's words need a stream */
		fprintf(stderr, "assayd ended with %d:\n%s\n", status, daemon_log(rig->daemon));
	rig_discard(rig);
	assert_int_equal(status, 0);
}

int rig_setup(void **state)
{
	*state = rig_new("");
	return 0;
}

int rig_teardown(void **state)
{
	rig_free(*state);
	return 0;
}

struct milter_client *rig_negotiated(const struct rig *rig)
{
	struct milter_client *c = milter_open(rig->address);
	assert_non_null(c);
	assert_true(milter_negotiate(c, 6, MILTER_ALL_ACTIONS, MILTER_ALL_STEPS));
	return c;
}

struct milter_client *rig_client(const struct rig *rig, int last_octet)
{
	char ip[32];
	snprintf(ip, sizeof ip, "192.0.2.%d", last_octet);
	struct milter_client *c = rig_negotiated(rig);
	milter_macros(c, 'C', (const char *const[]){ "j", "mx.example.com", "{daemon_name}", "smtpd", NULL });
	assert_int_equal(milter_connect(c, "client.example.com", '4', 40000, ip), MILTER_SILENT);
	assert_int_equal(milter_helo(c, "client.example.com"), MILTER_SILENT);
	return c;
}

void rig_mail(struct milter_client *c, const char *path)
{
	milter_macros(c, 'M', (const char *const[]){ "{mail_addr}", path, NULL });
	assert_int_equal(milter_mail(c, path), MILTER_CONTINUE);
	assert_int_equal(milter_rcpt(c, "<rcpt@example.org>"), MILTER_SILENT);
	assert_int_equal(milter_data(c), MILTER_SILENT);
}

void rig_content(struct milter_client *c, const char *from_domain)
{
	char from[128];
	snprintf(from, sizeof from, " user@%s", from_domain);
	assert_int_equal(milter_header(c, "From", from), MILTER_SILENT);
	assert_int_equal(milter_header(c, "Subject", " test"), MILTER_SILENT);
	assert_int_equal(milter_eoh(c), MILTER_SILENT);
	assert_int_equal(milter_body(c, "Hello.\r\n", 8), MILTER_SILENT);
	milter_macros(c, 'E', (const char *const[]){ "i", "4X1Y2Z", NULL });
}

const struct milter_result *rig_message(struct milter_client *c, const char *domain)
{
	char path[128];
	snprintf(path, sizeof path, "<user@%s>", domain);
	rig_mail(c, path);
	rig_content(c, domain);
	return milter_eom(c);
}

static size_t put_packet(char *at, char command, const void *bytes, size_t n)
{
	const unsigned char head[5] = { 0, 0, (unsigned char)((n + 1) >> 8), (unsigned char)(n + 1), (unsigned char)command };
	memcpy(at, head, sizeof head);
	if (n)
		memcpy(at + sizeof head, bytes, n);
	return sizeof head + n;
}

size_t rig_session_bytes(char bytes[RIG_SESSION_MAX], const char *domain)
{
	static const char offer[12] = "\0\0\0\6" "\0\0\1\xff" "\0\x1f\xff\xff"; /* version 6, all actions, all steps */
	char mail[96], from[96];
	size_t mail_size = (size_t)snprintf(mail, sizeof mail, "<user@%.64s>", domain) + 1;
	size_t from_size = (size_t)snprintf(from, sizeof from, "From%c user@%.64s", 0, domain) + 1;
	size_t n = put_packet(bytes, 'O', offer, sizeof offer);
	n += put_packet(bytes + n, 'C', "client.example.com\0" "4\x9c\x40" "192.0.2.1", 32);
	n += put_packet(bytes + n, 'H', "client.example.com", 19);
	n += put_packet(bytes + n, 'M', mail, mail_size);
	n += put_packet(bytes + n, 'R', "<rcpt@example.org>", 19);
	n += put_packet(bytes + n, 'L', from, from_size);
	n += put_packet(bytes + n, 'N', NULL, 0);
	n += put_packet(bytes + n, 'B', "Hello.\r\n", 8);
	n += put_packet(bytes + n, 'E', NULL, 0);
	return n;
}

void rig_session_send(struct milter_client *c, const char *domain)
{
	char bytes[RIG_SESSION_MAX];
	size_t n = rig_session_bytes(bytes, domain);
	milter_raw(c, bytes, n);
	(void)milter_flush(c); /* the answer shows a lost connection */
}

const struct milter_result *rig_session_read(struct milter_client *c)
{
	static const struct milter_result lost = { .answer = MILTER_LOST };
	enum milter_answer mail;
	if ((char)milter_answer(c) != 'O' || (mail = milter_answer(c)) == MILTER_LOST)
		return &lost;
	if (mail == MILTER_CONTINUE)
		return milter_eom_read(c);
	static const struct milter_result deferred = { .answer = MILTER_TEMPFAIL };
	return &deferred;
}

void rig_farewell(struct milter_client *c)
{
	milter_quit(c);
	milter_close(c);
}

const struct milter_edit *rig_inserted(const struct milter_result *result, const char *name, unsigned n)
{
	for (size_t i = 0; i < result->edit_count; i++) {
		const struct milter_edit *edit = &result->edits[i];
		if (edit->kind == 'i' && strcmp(edit->name, name) == 0 && n-- == 0)
			return edit;
	}
	return NULL;
}
