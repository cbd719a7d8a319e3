/* SPDX-License-Identifier: BSD-2-Clause */
/* exposition.h - reads the text form of Prometheus (exposition format 0.0.4) as strictly as its grammar is. */
#ifndef AS_EXPOSITION_H
#define AS_EXPOSITION_H

#include <stddef.h>

/* NULL: every line is right; HELP and TYPE come once and before the samples of their family, which stand together; no sample comes twice;
 * counters end in _total; the buckets of a histogram rise and end with +Inf = _count. Else what is wrong, and where, in `fault`. */
enum { EXPOSITION_FAULT = 512 };
const char *exposition_check(const char *text, char fault[EXPOSITION_FAULT]);

/* The number of a sample, written as it stands there: "name" or "name{label=\"value\"}"; -1: there is none. */
double exposition_value(const char *text, const char *sample);

#endif
