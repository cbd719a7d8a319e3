/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_hostile.h - a name server for tests that answers the way an attacker would: what comes is a function of the name asked for.
 *
 * ANY.good.example has SPF for 192.0.2.1 and p=reject. Below KINDn.hostile.example (n: any number) every question is answered in the way
 * of that kind, dns_hostile_kind(). Everything else is NXDOMAIN.
 */
#ifndef AS_TEST_DNS_HOSTILE_H
#define AS_TEST_DNS_HOSTILE_H

#include <stddef.h>

struct dns_hostile;

/* Starts the thread. Aborts when there are no ports. */
struct dns_hostile *dns_hostile_new(void);
/* Of the honest zone and of the other one: an own port each, so that a resolver that has had enough of one still asks the other. */
unsigned dns_hostile_good_port(const struct dns_hostile *h);
unsigned dns_hostile_port(const struct dns_hostile *h);
void dns_hostile_free(struct dns_hostile *h);

/* "silent", "loop", ...; NULL beyond the last. */
const char *dns_hostile_kind(size_t i);

#endif
