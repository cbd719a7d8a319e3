/* SPDX-License-Identifier: BSD-2-Clause */
/* logline.h - the one line that the log gets for each message: key=value, stable order, printable, no spaces inside values. */
#ifndef AS_LOGLINE_H
#define AS_LOGLINE_H

#include "message.h"

#include <stdint.h>

/* "from=... author=... helo=... client=... iprev=... spf=... dkim=... arc=... dmarc=... policy=... dnssec=... action=... rule=... ms=...";
 * "-" stands for what was not evaluated or does not exist. Before ms= shadow=... shadow-rule=... when a shadow configuration decides
 * otherwise, and reason="..." at the end when there is one. Arena memory. */
const char *as_logline_make(struct as_message *message, int64_t ms);

#endif
