/* SPDX-License-Identifier: BSD-2-Clause */
/* policy.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_policy;
