/* Every unit test program defines suite(); run.c has its main. */
#ifndef TESTS_RUN_H
#define TESTS_RUN_H

#include <check.h>

Suite *suite(void);

#endif
