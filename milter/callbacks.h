/* SPDX-License-Identifier: BSD-2-Clause */
/* callbacks.h - libmilter's events as events of the engine. */
#ifndef AS_CALLBACKS_H
#define AS_CALLBACKS_H

#include "capturefile.h"
#include "environment.h"
#include "kick.h"
#include "metrics.h"
#include "rulekeeper.h"
#include "tracefile.h"
#include "trim.h"

#include <stdatomic.h>
#include <stdbool.h>

/* What all connections share. */
struct as_service {
	struct as_environment *environment;
	struct as_kicker *kicker;
	struct as_trimmer *trimmer;
	struct as_tracefile *traces;
	struct as_capturefile *captures;
	struct as_rulekeeper *rules;
	atomic_ullong offered; /* messages that began while capturing was on, for capture.every */
	atomic_bool is_draining; /* new messages are deferred */
	atomic_bool is_stopped;  /* new connections touch nothing of this any more */
	atomic_ulong steps;      /* what was negotiated last */
	atomic_uint connections; /* that have negotiated */
	atomic_uint messages;    /* from MAIL to the end of end-of-message */
	atomic_llong answered_ms; /* monotonic clock, when the latest of them was handed to libmilter to be answered */
	struct as_metrics metrics;
};

/* Makes the callbacks known to libmilter; before as_socket_open(). service outlives libmilter. False: libmilter refused. */
bool as_callbacks_register(struct as_service *service);

#endif
