/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox.c - to be written */
#include "config.h"

#include <stddef.h>
extern int as_placeholder_mailbox;
