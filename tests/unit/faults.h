/*
 * Fails the Nth allocation, so that a test can loop N until the code under test gets through.
 * Every unit test links this; malloc, calloc and realloc go through it.
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include <stdbool.h>

/* The Nth allocation from now on (from 1) fails, once; 0 lets all pass. */
void fail_alloc_at(unsigned n);
/* Has it failed?  Then the test loops on; a run in which it didn't is the last. */
bool alloc_failed(void);

#endif
