/* SPDX-License-Identifier: BSD-2-Clause */
/* queue.h - a bounded queue and the thread that works it off: for what goes to a disk, which no message waits for. */
#ifndef AS_QUEUE_H
#define AS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct as_queue;

/* First member of a job, which is one block of malloc. */
struct as_queue_job {
	struct as_queue_job *next;
	size_t cost;
};

/* Starts the thread; signals are blocked by now. work(user, job) is called in it, in the order of the jobs; true: it was done. Jobs waiting
 * together cost most_bytes at most, or are one alone. NULL when no thread can be made. */
struct as_queue *as_queue_new(size_t most_bytes, bool (*work)(void *user, const struct as_queue_job *job, uint64_t dropped), void *user);

/* Works off what is waiting, stops the thread. NULL is allowed. */
void as_queue_free(struct as_queue *queue);

/* Takes the job over; one that does not fit is dropped and counted. work() is told how many were dropped or not done since it was done the
 * last time. Never waits. Any thread. */
void as_queue_put(struct as_queue *queue, struct as_queue_job *job);

#endif
