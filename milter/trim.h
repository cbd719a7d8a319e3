/* SPDX-License-Identifier: BSD-2-Clause */
/* trim.h - gives memory back to the system when a burst of connections is over.
 *
 * The C library keeps what was freed between blocks that are still in use: after a thousand messages that waited for DNS the process would
 * stay three times as large as it has to be, for as long as it runs.
 */
#ifndef AS_TRIM_H
#define AS_TRIM_H

#include <stdbool.h>

enum {
	AS_TRIM_BURST = 64, /* connections at once that make a burst */
	AS_TRIM_SHARE = 8,  /* it is over when no more than this part of them is left */
};

/* Connections at once. */
struct as_burst {
	unsigned open, most; /* most: since the last burst */
};

void as_burst_open(struct as_burst *burst);
bool as_burst_close(struct as_burst *burst); /* true: that was the end of one, what is left may be another */

/* Before the first thread: fewer heaps. glibc has eight for each CPU, and the free end of each stays with the process; two are as fast. */
void as_trim_prepare(void);

struct as_trimmer;

/* Starts the thread. NULL when no thread can be made. */
struct as_trimmer *as_trimmer_new(void);
/* When no callback can run any more. */
void as_trimmer_free(struct as_trimmer *trimmer);

/* Around the life of a connection. Any thread. */
void as_trimmer_open(struct as_trimmer *trimmer);
void as_trimmer_close(struct as_trimmer *trimmer);

#endif
