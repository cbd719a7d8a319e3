/* SPDX-License-Identifier: BSD-2-Clause */
/* queue.h - a bounded queue and the thread that works it off: for what goes to a disk, which no message waits for. */
#ifndef AS_QUEUE_H
#define AS_QUEUE_H

#include "log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct as_queue;

/* First member of a job, which is one block of malloc. */
struct as_queue_job {
	struct as_queue_job *next;
	size_t cost;
	const char *path; /* where it goes, for the log; lives as long as the job */
};

/* What a queue is for. The log is borrowed and outlives it. */
struct as_queue_purpose {
	const char *what; /* "traces", for the log */
	size_t most_bytes; /* jobs waiting together cost so much at most, or are one alone */
	bool (*work)(void *user, const struct as_queue_job *job); /* true: it was done; else errno says why not */
	void *user;
	const struct as_log *log;
};

/* Starts the thread; signals are blocked by now. work() is called in it, in the order of the jobs. The log gets one warning when work
 * begins to fail and one, with what was dropped, when it is done again. NULL when no thread can be made. */
struct as_queue *as_queue_new(const struct as_queue_purpose *purpose);

/* Works off what is waiting, stops the thread. What is put from now on is dropped: threads that may still put something need the queue
 * to be there. */
void as_queue_finish(struct as_queue *queue);

/* The same, and takes the queue away. NULL is allowed. */
void as_queue_free(struct as_queue *queue);

/* Takes the job over; one that does not fit is dropped and counted. Never waits. Any thread. */
void as_queue_put(struct as_queue *queue, struct as_queue_job *job);

/* Jobs that were dropped or could not be done, ever. Any thread. */
uint64_t as_queue_lost(struct as_queue *queue);

#endif
