/* SPDX-License-Identifier: BSD-2-Clause */
/* method_dkim.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_method_dkim;
