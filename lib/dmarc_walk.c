/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_walk.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_dmarc_walk;
