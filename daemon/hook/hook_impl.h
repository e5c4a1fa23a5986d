/* What the files of the room share. */
#ifndef HOOK_IMPL_H
#define HOOK_IMPL_H

#include "hook.h"

#include "ledger/kv.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

enum { FLYING = 16 /* requests at once */, PENDING_MOST = 1000 /* of a receiver, at hand */ };

/* A notice that wasn't delivered yet. */
struct pending {
	uint64_t notice, number; /* its record; the case */
	uint64_t due;            /* ms: not before */
	uint32_t tries;
};

struct receiver {
	struct sy_str party, url, secret;
	struct pending *pending; /* made when there is one */
	size_t n_pending;
	bool flying;     /* one at a time, and until then nothing else of it moves */
	bool look, more; /* look for what is new; there is more than PENDING_MOST */
	unsigned misses; /* since it took one */
	uint64_t due;    /* ms: not before, whichever */
};

struct flight {
	struct receiver *to; /* NULL: free */
	struct pending *of;
	CURL *curl;
	struct curl_slist *headers;
	struct sy_buf body;
	long status; /* of the newest head; 0: none was */
	size_t got;  /* bytes of the answer, which are thrown away */
	bool head;   /* its head is whole */
};

struct hooks {
	struct ledger *ledger;
	struct index *index;
	struct kv *kv;
	pthread_t thread;
	CURLM *multi;
	atomic_bool stopping;
	struct sy_arena arena; /* of the receivers */
	struct receiver *receivers;
	size_t n_receivers;
	size_t turn;             /* whose turn it is to be first */
	atomic_size_t n_pending; /* of all */
	uint64_t seen;           /* newest notice that was looked for */
	const char *authorities;
	struct flight flights[FLYING];
};

uint64_t hook_now(void); /* ms since 1970 */

/* hook.c: what a request asks of curl, and whether what came back says that it was taken. */
void flight_options(const struct hooks *h, struct flight *f, const struct receiver *r);
bool flight_taken(const struct flight *f);

/* receivers.c: FAULTS get a line for each, with the file and where there is one its line, none with
 * what that says: it has the secret. */
int receivers_read(struct hooks *h, const char *path, struct sy_buf *faults);
int receivers_parse(struct hooks *h, const char *path, struct sy_str text, struct sy_buf *faults);
int authorities_read(const char *path, struct sy_buf *faults); /* NULL: the system's */
void receivers_free(struct hooks *h);
/* notices.c: looks for what wasn't delivered, where there is room for it. */
int notices_look(struct hooks *h);
/* Was each that is at hand tried?  Then there may be others that weren't. */
bool notices_all_tried(const struct receiver *to);
/* The body and the idempotency key of one. */
int notice_write(struct hooks *h, const struct receiver *to, const struct pending *p,
		 struct sy_buf *body, char key[2 * SY_HASH_SIZE + 1]);
/* What is kept of one: how often it was tried, when it was delivered (0: not yet). */
int notice_state(struct hooks *h, struct sy_str party, uint64_t notice, uint32_t *tries,
		 uint64_t *next, bool *delivered);
int notice_tried(struct hooks *h, const struct receiver *to, const struct pending *p, long status,
		 bool delivered);
uint64_t notice_wait(uint32_t tries); /* ms after so many */

#endif
