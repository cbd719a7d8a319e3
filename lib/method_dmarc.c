/* SPDX-License-Identifier: BSD-2-Clause */
/* method_dmarc.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_method_dmarc;
