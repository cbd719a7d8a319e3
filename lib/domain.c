/* SPDX-License-Identifier: BSD-2-Clause */
/* domain.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_domain;
