/* SPDX-License-Identifier: BSD-2-Clause */
/* spf_start.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_spf_start;
