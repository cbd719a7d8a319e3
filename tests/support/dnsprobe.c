/* SPDX-License-Identifier: BSD-2-Clause */
/* dnsprobe.c - which servers mode "auto" chooses, and whether they are of use: for tests.
 *
 * dnsprobe RESOLV.CONF ANCHOR [NAME]     prints the resolver's line for the log; whether it is a makeshift; what it finds out about the
 * name's TXT records
 */
#include "config.h"

#include "dns.h"
#include "dns_backend.h"
#include "dns_unbound.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUDGET = 1, PATIENCE_MS = 5000 };

static void ask(struct as_dns_backend *backend, const char *name)
{
	static const char *const words[] = {
		[AS_DNS_OK] = "found", [AS_DNS_NODATA] = "no data", [AS_DNS_NXDOMAIN] = "no such name", [AS_DNS_TEMPFAIL] = "failed",
	};
	const struct as_dns_options options = { .max_ttl_s = 60 };
	const struct as_dns_limits limits = { .budget = BUDGET, .timeout_ms = PATIENCE_MS };
	struct as_dns *dns = as_dns_new(backend, &options, &as_clock_system);
	struct as_dns_set *set = as_dns_set_new(dns, &limits);
	const struct as_dns_answer *answer = as_dns_get(set, name, AS_DNS_TXT);
	printf("%s, %s\n", words[answer->status], as_dnssec_name(answer->dnssec));
	as_dns_set_free(set);
	as_dns_unref(dns);
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4) {
		fputs("usage: dnsprobe RESOLV.CONF ANCHOR [NAME]\n", stderr);
		return EXIT_FAILURE;
	}
	const struct as_dns_unbound_options options = { .mode = AS_DNS_AUTO, .trust_anchor = argv[2], .resolv_conf = argv[1] };
	const char *state = NULL, *detail = NULL;
	struct as_arena *arena = as_arena_new();
	struct as_dns_backend *backend = as_dns_unbound_new(arena, &options, &state, &detail);
	puts(backend ? state : detail);
	if (backend && backend->is_makeshift)
		puts("makeshift");
	if (backend && argc == 4)
		ask(backend, argv[3]);
	else if (backend)
		backend->free(backend);
	as_arena_free(arena);
	return backend ? EXIT_SUCCESS : EXIT_FAILURE;
}
