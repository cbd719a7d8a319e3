/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim_key.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_dkim_key;
