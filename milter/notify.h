/* SPDX-License-Identifier: BSD-2-Clause */
/* notify.h - telling the service manager where we are, sd_notify(3) without libsystemd. */
#ifndef AS_NOTIFY_H
#define AS_NOTIFY_H

/* Sends "READY=1", "STOPPING=1", ... to $NOTIFY_SOCKET; without one, nothing happens. Failures are not worth a word. */
void as_notify(const char *state);

/* "RELOADING=1" with the time stamp that Type=notify-reload wants. */
void as_notify_reloading(void);

#endif
