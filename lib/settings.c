/* SPDX-License-Identifier: BSD-2-Clause */
/* settings.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_settings;
