/* SPDX-License-Identifier: BSD-2-Clause */
/* banner.h - the lines at the start of the log: what runs, what it enforces, how to attach it to the MTA. */
#ifndef AS_BANNER_H
#define AS_BANNER_H

#include "log.h"
#include "settings.h"
#include "socket.h"

/* One line: what happens to whom. */
void as_banner_enforced(const struct as_log *log, const struct as_settings *settings);

/* Version, resolver state, enforcement, and the line for the MTA's configuration. */
void as_banner(const struct as_log *log, const struct as_settings *settings, const struct as_socket *socket, const char *dns_state);

#endif
