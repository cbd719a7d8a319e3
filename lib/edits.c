/* SPDX-License-Identifier: BSD-2-Clause */
/* edits.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_edits;
