/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_psl.c - the public suffix list through libpsl, for discovery as in RFC 7489 3.2. The only file that includes <libpsl.h>.
 *
 * Both sections of the list count, ICANN and private. A loaded list is never changed, so any number of threads may ask it.
 */
#include "config.h"

#include "dmarc_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libpsl.h>

struct as_psl {
	psl_ctx_t *list;
};

struct as_psl *as_psl_load(struct as_arena *arena, const char *file, const char **detail)
{
	errno = 0;
	psl_ctx_t *list = *file ? psl_load_file(file) : (psl_ctx_t *)psl_builtin(); /* psl_free leaves the built-in one alone */
	if (!list) {
		const char *why = errno ? strerror(errno) : "not a public suffix list";
		*detail = *file ? as_printf(arena, "public suffix list %s: %s", file, why) : "libpsl has no built-in public suffix list";
		return NULL;
	}
	if (psl_suffix_count(list) == 0) { /* libpsl reads any text as an empty list; it cannot count a DAFSA and says -1 */
		psl_free(list);
		*detail = as_printf(arena, "public suffix list %s: holds no public suffix", file);
		return NULL;
	}
	struct as_psl *psl = as_xalloc(sizeof *psl);
	psl->list = list;
	return psl;
}

void as_psl_free(struct as_psl *psl)
{
	if (!psl)
		return;
	psl_free(psl->list);
	free(psl);
}

const char *as_psl_organization(const struct as_psl *psl, const char *domain)
{
	const char *registrable = psl_registrable_domain(psl->list, domain);
	return registrable ? registrable : domain;
}
