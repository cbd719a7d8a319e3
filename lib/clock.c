/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c - the system's clocks. */
#include "config.h"

#include "clock.h"

static int64_t system_wall_s(void *user)
{
	(void)user; /* the system has one clock */
	return (int64_t)time(NULL);
}

static int64_t system_mono_ms(void *user)
{
	(void)user;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const struct as_clock as_clock_system = { .wall_s = system_wall_s, .mono_ms = system_mono_ms };

int64_t as_clock_wall_s(const struct as_clock *clock)
{
	return clock->wall_s(clock->user);
}

int64_t as_clock_mono_ms(const struct as_clock *clock)
{
	return clock->mono_ms(clock->user);
}

struct timespec as_clock_until(int64_t ms)
{
	enum { SECOND_NS = 1000000000 };
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= SECOND_NS) {
		until.tv_sec++;
		until.tv_nsec -= SECOND_NS;
	}
	return until;
}

const char *as_clock_text(int64_t time_s, char text[AS_CLOCK_TEXT])
{
	struct tm parts = { 0 };
	time_t time = (time_t)time_s;
	gmtime_r(&time, &parts);
	strftime(text, AS_CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &parts);
	return text;
}
