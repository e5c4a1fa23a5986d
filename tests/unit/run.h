/* Every unit test program defines suite(); run.c has its main. */
#ifndef TESTS_RUN_H
#define TESTS_RUN_H

#include <check.h>

Suite *suite(void);

/* How many times less a loop of chance may do: sanitizers take their time, TSan most. */
#if defined(__SANITIZE_THREAD__)
enum { SLOW = 10 };
#elif defined(__SANITIZE_ADDRESS__)
enum { SLOW = 3 };
#else
enum { SLOW = 1 };
#endif

#endif
