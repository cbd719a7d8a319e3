/* SPDX-License-Identifier: BSD-2-Clause */
/* test.h - what every cmocka program includes; the order of these headers is cmocka's demand. */
#ifndef AS_TEST_H
#define AS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log.h"

/* A sink that drops everything. */
extern const struct as_log as_test_log_none;

#endif
