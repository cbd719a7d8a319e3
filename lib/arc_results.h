/* SPDX-License-Identifier: BSD-2-Clause */
/* arc_results.h - what a sealer saw: the body of an ARC-Authentication-Results field, RFC 8617 4.1.1. Pure. */
#ifndef AS_ARC_RESULTS_H
#define AS_ARC_RESULTS_H

#include "authres.h"
#include "field.h"

/* As as_authres_parse_lax(), behind the instance; AS_ERR_SYNTAX when that is not valid. Microsoft writes "action=none" into each result
 * of DMARC, others addresses of IPv6 without quotes. Believe it only of a chain that passes and of a sealer that is trusted. */
enum as_err as_arc_results(struct as_arena *arena, const struct as_field *field, struct as_authres *parsed);

#endif
