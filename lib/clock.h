/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.h - time as a value that tests can hold still. */
#ifndef AS_CLOCK_H
#define AS_CLOCK_H

#include <stdint.h>
#include <time.h>

struct as_clock {
	int64_t (*wall_s)(void *user);  /* seconds since 1970, UTC: signature times */
	int64_t (*mono_ms)(void *user); /* milliseconds that never go back: deadlines, TTLs */
	void *user;
};

/* The system's clocks. Thread safe. */
extern const struct as_clock as_clock_system;

int64_t as_clock_wall_s(const struct as_clock *clock);
int64_t as_clock_mono_ms(const struct as_clock *clock);

/* That many milliseconds from now, by CLOCK_MONOTONIC, for pthread_cond_timedwait(). Thread safe. */
struct timespec as_clock_until(int64_t ms);

/* "2027-01-15T08:00:00Z". Returns text. */
enum { AS_CLOCK_TEXT = 32 };
const char *as_clock_text(int64_t time_s, char text[AS_CLOCK_TEXT]);

#endif
