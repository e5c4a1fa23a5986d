/*
 * suyuan: what people and scripts type.  Options in, one command run, its answer out.
 */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>

#include "cli.h"
#include "config.h"
#include "trust.h"

static int run(struct app *app, int argc, char **argv)
{
	int rc = args_parse(app, argc, argv);
	if (rc != RC_DONE || app->cmd == NULL)
		return rc;
	if ((rc = config_load(app)) != RC_DONE)
		return rc;
	out_init(&app->out, stdout, arg(app, "json") != NULL);
	rc = app->cmd->run(app);
	if (out_finish(&app->out) == SY_OK)
		return rc;
	if (!app->out.closed)
		fail(&app->fail, RC_FAIL, "standard output: cannot write");
	return rc_worst(rc, RC_FAIL);
}

int main(int argc, char **argv)
{
	static struct app app;

	signal(SIGPIPE, SIG_IGN);
	if (sy_crypto_init() != SY_OK || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		fprintf(stderr, "suyuan: cannot start its cryptography\n");
		return RC_FAIL;
	}
	int rc = run(&app, argc, argv);
	fail_say(&app.fail);
	if (rc == RC_USAGE)
		help_usage(&app);
	trust_close(&app);
	config_free(app.config);
	out_free(&app.out);
	sy_arena_free(&app.arena);
	curl_global_cleanup();
	return rc;
}
