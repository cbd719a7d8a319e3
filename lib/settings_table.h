/* SPDX-License-Identifier: BSD-2-Clause */
/* settings_table.h - what a keyword is: one row. Private to settings.c, settings_text.c and their tests. */
#ifndef AS_SETTINGS_TABLE_H
#define AS_SETTINGS_TABLE_H

#include "table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the text of a value becomes what stands in struct as_settings. */
enum as_kind {
	AS_KIND_BOOL,        /* bool */
	AS_KIND_COUNT,       /* int64_t */
	AS_KIND_SIZE,        /* int64_t bytes: "64m" */
	AS_KIND_MILLISECONDS,/* int64_t: "20s" */
	AS_KIND_SECONDS,     /* int64_t: "5m" */
	AS_KIND_WORD,        /* an enum: one of words */
	AS_KIND_CHOICE,      /* const char *: one of words */
	AS_KIND_ID,          /* const char *: an authserv-id; "" */
	AS_KIND_NAME,        /* const char *: a user or group; "" */
	AS_KIND_FILE,        /* const char *: an absolute path; "" */
	AS_KIND_SOCKET,      /* const char *, in libmilter's form; "" when that is the default */
	AS_KIND_MODE,        /* mode_t: "0660" */
	AS_KIND_REPLY,       /* const char *: as_reply_check; "" */
	AS_KIND_URL,         /* const char *: as_reply_check_url; "" */
	AS_KIND_ACTION,      /* an enum: one of words; must be given */
	AS_KIND_DATE,        /* int64_t seconds: "2027-03-01"; "": 0 */
	AS_KIND_TEXT,        /* const char *: printable ASCII; "" */
	AS_KIND_NETWORKS,    /* struct as_network *, the size_t at `count` */
	AS_KIND_SERVERS,     /* const char **, NULL ends: "192.0.2.53@5353" */
	AS_KIND_DOMAINS,     /* const char **, NULL ends: normal form */
	AS_KIND_WORDS,       /* const char **, NULL ends: each one of words */
	AS_KIND_PATTERNS,    /* const char **, NULL ends: normal form, ".example.com" for what is below */
	AS_KIND_CLIENTS,     /* const char **, NULL ends: networks, or names as PATTERNS */
	AS_KIND_LIMITS,      /* const char **, NULL ends: "<1k" or ">10m", in bytes without a unit */
	AS_KIND_FIELDS,      /* const char **, NULL ends: names of header fields, lower case */
	AS_KIND_ADDRESSES,   /* const char **, NULL ends: lower case */
	AS_KIND_TEXTS,       /* const char **, NULL ends: printable ASCII, lower case */
	AS_KIND_NAMES,       /* const char **, NULL ends: letters, digits, ".-_" */
};

struct as_keyword {
	const char *section;  /* "" at the top */
	const char *name;
	enum as_kind kind;
	const char *standard; /* the default: a value's text, for lists with its braces */
	size_t offset;        /* in struct as_settings; in struct as_dns_stub, as_rule_text and as_translation for the titled sections */
	int64_t least, most;  /* COUNT, SIZE, MILLISECONDS, SECONDS; most of FILE: characters, 0 for any number */
	const struct as_name_code *words; /* WORD, CHOICE */
	size_t count;         /* NETWORKS: offset of the number */
	bool decides;         /* see as_keyword_decides() */
	const char *verbs;    /* REPLY: the keywords, with spaces between, whose refusals use this text */
	const char *example;  /* what the sample shows instead of the default; NULL: the default */
	const char *help;     /* sentences for the sample and the manual, plain ASCII */
};

struct as_section {
	const char *name;
	const char *above; /* the section it stands in */
	const char *title; /* there may be several, each with a title such as this; NULL: there is one */
	const char *help;
};

/* Both end with a name of NULL. Rows of one section stand together, in the order of the sections, the top first. */
extern const struct as_keyword as_keywords[];
extern const struct as_section as_sections[];

/* Is it of the decision, which a shadow configuration can change? Actions ("on-..."), replies and their page, and what `decides`. All else
 * is about how a message is evaluated, or about the service. */
bool as_keyword_decides(const struct as_keyword *row);

/* Is this kind a list? */
#define AS_KIND_IS_LIST(kind) ((kind) >= AS_KIND_NETWORKS)
/* Is its value written in quotes? */
#define AS_KIND_IS_QUOTED(kind) ((kind) > AS_KIND_COUNT)

#endif
