/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_cache.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_dns_cache;
