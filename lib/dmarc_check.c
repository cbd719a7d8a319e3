/* SPDX-License-Identifier: BSD-2-Clause */
/* dmarc_check.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_dmarc_check;
