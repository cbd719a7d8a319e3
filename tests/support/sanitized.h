/* SPDX-License-Identifier: BSD-2-Clause */
/* sanitized.h - is this built with a sanitizer that has a heap of its own? Such a one also keeps what was freed. */
#ifndef AS_TEST_SANITIZED_H
#define AS_TEST_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) /* gcc */
#define IS_SANITIZED 1
#elif defined(__has_feature) /* clang */
#define IS_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define IS_SANITIZED 0
#endif

#endif
