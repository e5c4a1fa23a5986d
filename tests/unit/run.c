/*
 * main of every unit test program.  Check's own CK_RUN_CASE picks a case (make check C=case); a
 * run that executed nothing fails.  CK_FORK=no for a debugger.
 */
#include "run.h"

#include <stdio.h>

int main(void)
{
	SRunner *r = srunner_create(suite());
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r), ran = srunner_ntests_run(r);
	srunner_free(r);
	if (ran == 0)
		fprintf(stderr, "no test ran\n");
	return failed || ran == 0;
}
