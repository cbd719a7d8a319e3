/* SPDX-License-Identifier: BSD-2-Clause */
/* result.h - one result of one method: what the header field, the log and the policy read. */
#ifndef AS_RESULT_H
#define AS_RESULT_H

#include "arena.h"
#include "code.h"

#include <stdbool.h>
#include <stddef.h>

struct as_property {
	const char *ptype;    /* "smtp", "header", "policy", ... */
	const char *property; /* "mailfrom", "d", ... */
	const char *value;    /* any bytes up to the NUL; written so that it parses back */
	bool is_identity;     /* an address or domain: [local]@domain is written unquoted where the grammar allows (RE-0) */
};

enum { AS_PROPERTIES_MAX = 8 };

struct as_result {
	const char *method; /* "spf", "dkim", ...: static */
	enum as_code code;
	bool is_unknown;    /* only from as_authres_parse: a word outside code.h */
	const char *reason;  /* reason="...": NULL without */
	const char *comment; /* "(...)" after the result: printable; NULL without */
	bool has_dnssec;
	enum as_dnssec dnssec;
	size_t count;
	struct as_property properties[AS_PROPERTIES_MAX];
};

/* The results of a message, in the order of the methods. */
struct as_results {
	size_t count;
	struct as_result *list;
};

/* Adds a zeroed result for method and returns it; it may move with the next call. Arena memory. */
struct as_result *as_results_add(struct as_arena *arena, struct as_results *results, const char *method, enum as_code code);

/* Adds a property; value is borrowed and must live as long as the result. value NULL: nothing happens. */
void as_result_property(struct as_result *result, const char *ptype, const char *property, const char *value);
void as_result_identity(struct as_result *result, const char *ptype, const char *property, const char *value);

#endif
