/* SPDX-License-Identifier: BSD-2-Clause */
/* milter_client.h - the MTA's side of the milter protocol, version 6, for tests and benchmarks: speaks like Postfix.
 *
 * Commands are collected in a buffer and leave with the first one that wants an answer, as Postfix does it. Nothing here
 * asserts: a lost connection is the answer MILTER_LOST.
 */
#ifndef AS_MILTER_CLIENT_H
#define AS_MILTER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct milter_client;

enum {
	MILTER_ALL_ACTIONS = 0x1ff,
	MILTER_ALL_STEPS = 0x1fffff,
	MILTER_NR_STEPS = 0xff080, /* every "no reply" */
	MILTER_HEADER_LEADING_SPACE = 0x100000,
	MILTER_WAIT_MS = 30000, /* longest wait for one answer */
};

/* What answers a command: the protocol's letters, and two of our own. */
enum milter_answer {
	MILTER_LOST = 0,    /* connection closed, reset, or nothing came in MILTER_WAIT_MS */
	MILTER_SILENT = 1,  /* negotiated: no answer */
	MILTER_CONTINUE = 'c',
	MILTER_ACCEPT = 'a',
	MILTER_REJECT = 'r',
	MILTER_TEMPFAIL = 't',
	MILTER_DISCARD = 'd',
	MILTER_SKIP = 's',
	MILTER_REPLY = 'y', /* with text */
};

struct milter_edit {
	char kind; /* 'h' add, 'i' insert, 'm' change (empty value: delete) */
	uint32_t index;
	char *name;
	char *value;
};

/* What end-of-message brought. Valid until the next end of message, and until close. */
struct milter_result {
	enum milter_answer answer;
	char *text; /* MILTER_REPLY: "550 5.7.1 words"; else NULL */
	char *quarantine; /* reason, or NULL */
	unsigned progress;
	size_t edit_count;
	struct milter_edit *edits;
};

/* What the milter asked for. */
struct milter_terms {
	uint32_t version, actions, steps;
	char *symbols[7]; /* by stage, NULL: the MTA's own list */
};

/* Connects to "inet:PORT@HOST", "inet:HOST:PORT" (HOST an address literal, brackets allowed) or "unix:PATH"; NULL when that fails
 * (errno). Closed with milter_close(). */
struct milter_client *milter_open(const char *address);
void milter_close(struct milter_client *client); /* NULL is allowed; without a farewell */
int milter_fd(const struct milter_client *client); /* readable: an answer is there, or the end */

/* False: no terms came. */
bool milter_negotiate(struct milter_client *client, uint32_t version, uint32_t actions, uint32_t steps);
const struct milter_terms *milter_terms(const struct milter_client *client);

/* Macros for the next command: name, value, ..., NULL. */
void milter_macros(struct milter_client *client, char command, const char *const *pairs);

/* family '4', '6', 'L', 'U'; address as text, NULL with 'U'. */
enum milter_answer milter_connect(struct milter_client *client, const char *name, char family, uint16_t port, const char *address);
enum milter_answer milter_helo(struct milter_client *client, const char *name);
enum milter_answer milter_mail(struct milter_client *client, const char *path);
enum milter_answer milter_rcpt(struct milter_client *client, const char *path);
enum milter_answer milter_data(struct milter_client *client);
enum milter_answer milter_header(struct milter_client *client, const char *name, const char *value);
enum milter_answer milter_eoh(struct milter_client *client);
/* In chunks of 65,535. */
enum milter_answer milter_body(struct milter_client *client, const void *bytes, size_t n);
void milter_abort(struct milter_client *client);
void milter_quit(struct milter_client *client); /* says QUIT; milter_close() comes after */

/* The text of the latest MILTER_REPLY to any command. */
const char *milter_reply_text(const struct milter_client *client);

/* End of message: both halves, or one after the other so that many can wait at a time. */
const struct milter_result *milter_eom(struct milter_client *client);
bool milter_eom_send(struct milter_client *client);
const struct milter_result *milter_eom_read(struct milter_client *client);

/* One packet of any content; no answer is read. */
void milter_packet(struct milter_client *client, char command, const void *bytes, size_t n);
/* Bytes as they are. */
void milter_raw(struct milter_client *client, const void *bytes, size_t n);
/* Sends what is collected. False: connection lost. */
bool milter_flush(struct milter_client *client);
/* Reads one answer, whatever was negotiated. */
enum milter_answer milter_answer(struct milter_client *client);

#endif
