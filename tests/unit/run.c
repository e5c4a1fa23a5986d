/*
 * main of every unit test program.  Check's own CK_RUN_CASE picks a case (make check C=case); a
 * run that executed nothing fails.  CK_FORK=no for a debugger.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	setenv("CK_TIMEOUT_MULTIPLIER", "15", 0); /* of 4 s: machines are shared, sanitizers slow */
	SRunner *r = srunner_create(suite());
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r), ran = srunner_ntests_run(r);
	srunner_free(r);
	if (ran == 0)
		fprintf(stderr, "no test ran\n");
	return failed || ran == 0;
}
