#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "import_impl.h"
#include "words.h"

/* --- the reader ------------------------------------------------------------------------------- */

/* False when the import has stopped. */
static bool put_group(struct import *im, struct group *g)
{
	pthread_mutex_lock(&im->lock);
	while (im->waiting >= im->o->connections && !im->stop)
		pthread_cond_wait(&im->changed, &im->lock);
	bool on = !im->stop;
	if (on) {
		*im->last = g;
		im->last = &g->next;
		im->waiting++;
		pthread_cond_broadcast(&im->changed);
	}
	pthread_mutex_unlock(&im->lock);
	if (!on)
		import_group_free(g);
	return on;
}

static struct group *group_new(const struct import *im)
{
	struct group *g = calloc(1, sizeof *g);

	if (g != NULL && (g->items = calloc(im->o->group + 1u, sizeof *g->items)) == NULL) {
		free(g);
		return NULL;
	}
	return g;
}

/* The same row twice in one file is one record. */
static bool is_repeat(struct import *im, const struct item *item, struct fail *f)
{
	uint64_t line = item->line;
	int err = seen_add(&im->seen, item->record, &line);

	if (err == SY_ENOMEM)
		fail_memory(f);
	if (err == SY_EDUP)
		import_repeat(im, item->line, line);
	return err == SY_EDUP;
}

/* Reads one row into the group; SY_OK, SY_ENOTFOUND at the end, else F says why not. */
static int read_item(struct import *im, struct group *g, struct fail *f)
{
	struct item item;
	int err = source_next(im->source, &g->arena, &item, f);

	if (err != SY_OK)
		return err;
	im->rows++;
	if (item.reason != NULL) {
		import_reject(im, &item);
	} else if (!is_repeat(im, &item, f)) {
		g->items[g->n++] = item;
		g->bytes += item.record.n + 1;
	}
	return f->text[0] != '\0' ? SY_ENOMEM : SY_OK;
}

static int print_group(struct import *im, struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		out_bytes(&im->app->out, g->items[i].record);
		out_bytes(&im->app->out, SY_STR("\n"));
	}
	im->registered += g->n;
	import_group_free(g);
	return SY_OK;
}

static void read_all(struct import *im)
{
	struct fail f = {0};
	int err = SY_OK;

	while (err == SY_OK) {
		struct group *g = group_new(im);
		if (g == NULL) {
			fail_memory(&f);
			break;
		}
		while (err == SY_OK && g->n < im->o->group && g->bytes < IMPORT_GROUP_BYTES)
			err = read_item(im, g, &f);
		if (g->n == 0)
			import_group_free(g);
		else if (im->o->dry_run)
			print_group(im, g);
		else if (!put_group(im, g))
			break;
	}
	if (f.text[0] != '\0' && im->o->dry_run)
		im->fail = f;
	else if (f.text[0] != '\0')
		import_stop(im, &f);
	pthread_mutex_lock(&im->lock);
	im->end = true;
	pthread_cond_broadcast(&im->changed);
	pthread_mutex_unlock(&im->lock);
}

/* --- the whole -------------------------------------------------------------------------------- */

static int run_workers(struct import *im)
{
	struct worker w[CONNECTIONS_MAX] = {0};
	unsigned n = 0;

	for (; n < im->o->connections && n < CONNECTIONS_MAX; n++) {
		w[n].im = im;
		if (pthread_create(&w[n].thread, NULL, import_work, &w[n]) != 0)
			break;
	}
	if (n == 0)
		return fail(&im->fail, RC_FAIL, "no thread to send with");
	read_all(im);
	for (unsigned i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	while (im->first != NULL) {
		struct group *g = im->first;
		im->first = g->next;
		import_group_free(g);
	}
	return im->fail.text[0] != '\0' ? im->fail.rc : RC_DONE;
}

static int open_rejects(struct import *im)
{
	struct sy_buf heading = {0};

	if (im->o->rejects == NULL)
		return RC_DONE;
	if (source_is(im->source, im->o->rejects))
		return fail(&im->fail, RC_USAGE, "--rejects %s would overwrite what is imported",
			    im->o->rejects);
	if ((im->rejects = fopen(im->o->rejects, "wb")) == NULL)
		return fail(&im->fail, RC_FAIL, "%s: %s", im->o->rejects, words(strerror(errno)));
	source_reject(im->source, NULL, &heading);
	bool bad = heading.failed ||
		   (heading.n > 0 && fwrite(heading.p, 1, heading.n, im->rejects) != heading.n);
	sy_buf_free(&heading);
	return bad ? fail(&im->fail, RC_FAIL, "%s: cannot be written", im->o->rejects) : RC_DONE;
}

static int prepare(struct import *im)
{
	struct app *app = im->app;
	int rc;

	if ((rc = source_open(&im->o->source, &im->source, &im->fail)) != RC_DONE)
		return rc;
	if (strcmp(source_encoding(im->source), "UTF-8") != 0)
		say("%s: read as %s", im->o->source.path, source_encoding(im->source));
	if (!im->o->dry_run &&
	    ((rc = key_read(app, &im->key)) != RC_DONE || (rc = trust_contact(app)) != RC_DONE))
		return rc;
	return open_rejects(im); /* last: what an earlier run wrote there may not be mended yet */
}

int import_run(struct app *app, const struct import_options *o)
{
	struct import im = {.app = app, .o = o, .began = sy_time_now()};
	int rc;

	pthread_mutex_init(&im.lock, NULL);
	pthread_cond_init(&im.changed, NULL);
	im.last = &im.first;
	im.progress = isatty(STDERR_FILENO);
	if ((rc = prepare(&im)) != RC_DONE)
		goto out;
	if (o->dry_run)
		read_all(&im);
	else
		rc = run_workers(&im);
	if (im.fail.text[0] != '\0')
		rc = im.fail.rc;
	if (!o->dry_run)
		import_answer(&im);
	else
		say("rows: %llu sound, %llu not; nothing was sent",
		    (unsigned long long)im.registered, (unsigned long long)im.refused);
	if (rc != RC_DONE)
		say("stopped; when it is run again, rows that are registered count as done");
	else if (im.refused > 0)
		rc = RC_REFUSED;
	if (rc == RC_REFUSED && o->rejects != NULL)
		say("%s has the refused rows with their reasons: mend them there and import it",
		    o->rejects);
out:
	if (im.fail.text[0] != '\0')
		fail(&app->fail, im.fail.rc, "%s", im.fail.text);
	if (im.rejects != NULL && fclose(im.rejects) != 0)
		rc = rc_worst(rc, fail(&app->fail, RC_FAIL, "%s: cannot be written", o->rejects));
	source_close(im.source);
	seen_free(&im.seen);
	free(im.bad.v);
	free(im.again.v);
	warnings_free(&im.warnings);
	sy_wipe(&im.key, sizeof im.key);
	pthread_cond_destroy(&im.changed);
	pthread_mutex_destroy(&im.lock);
	return rc;
}
