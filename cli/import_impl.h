/*
 * An import under way: the reader (import.c) puts groups of rows into a queue, workers
 * (import_send.c) make submissions of them, and both say what becomes of the rows
 * (import_report.c).
 */
#ifndef CLI_IMPORT_IMPL_H
#define CLI_IMPORT_IMPL_H

#include <stdio.h>

#include "import.h"
#include "seen.h"
#include "warnings.h"

#define CONNECTIONS_MAX 16

struct group {
	struct sy_arena arena; /* of the items and of what is said about them */
	struct item *items;
	size_t n, bytes;
	struct group *next;
};

struct lines {
	uint64_t *v;
	size_t n, cap;
};

struct import {
	struct app *app;
	const struct import_options *o;
	struct source *source;
	struct sy_keyfile key;
	struct seen seen;
	/* the queue of groups: the reader at one end, workers at the other */
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	struct group *first, **last;
	size_t waiting;
	bool end, stop;
	struct fail fail;
	uint64_t away; /* since when nobody got an answer, ms; 0: the ledger is there */
	/* what has become of the rows */
	uint64_t rows, registered, already, repeated, refused, submissions;
	struct lines bad, again; /* of refused rows; of rows that others repeat, once each time */
	struct warnings warnings;
	uint64_t newest; /* entry, plus one */
	FILE *rejects;
	bool progress;
	uint64_t began, shown;
};

struct worker {
	struct import *im;
	struct http *http;
	pthread_t thread;
	struct fail fail;
};

void *import_work(void *worker); /* until the queue has ended or the import stops */
void import_group_free(struct group *g);
void import_stop(struct import *im, const struct fail *f);

/* A row that isn't registered: named on standard error, and kept with its reason. */
void import_reject(struct import *im, const struct item *item);
/* The column that a fault of the ledger's belongs to, by the heading that the file has. */
const char *import_column(const struct import *im, const struct sy_fault *v);
/* The warnings among the faults of a group's submission; MAP says which rows it had. */
void import_warn(struct import *im, const struct group *g, const size_t *map,
		 const struct sy_faults *faults);
/* A row that says what the one on line FIRST said: what becomes of that becomes of both. */
void import_repeat(struct import *im, uint64_t line, uint64_t first);
/* With the lock, as whatever is said while an import goes on. */
void import_clear_progress(const struct import *im);
void import_show_progress(struct import *im, bool now);
void import_answer(struct import *im);

#endif
