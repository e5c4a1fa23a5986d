/*
 * What this machine believes of a ledger: its pinned log key and the newest checkpoint proven.
 *
 * At first contact the vkey that a ledger shows is pinned under its address; another one later,
 * or the same origin under another key, is RC_PROOF before anything is sent or believed.  --vkey
 * overrides the pins.  Each checkpoint seen must be consistent with the newest one kept: a ledger
 * that shows two histories, or is shorter than it was, is RC_PROOF, and says where.
 */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include <pthread.h>

#include "cli.h"
#include "http.h"

struct trust {
	struct sy_vkey log; /* its name is the origin */
	char vkey[SY_VKEY_TEXT];
	struct sy_str origin;
	const char *address;
	const char *path; /* of the checkpoint's file; NULL: kept in memory alone */
	const struct config *config;
	int contact;          /* what came of trust_contact */
	pthread_mutex_t lock; /* of what follows */
	struct sy_buf note;   /* the newest checkpoint proven; empty: none yet */
	uint64_t size;
	sy_hash root;
	uint64_t told;     /* entries that the ledger says it has; nothing is believed by it */
	uint64_t saved_at; /* ms */
	bool unsaved;
};

/* Opens app->http, asks who it is, pins, loads app->trust and sees the newest checkpoint.  Again:
 * does nothing. */
int trust_contact(struct app *app);
/* app->trust without a network, for an origin that is pinned or named by --vkey. */
int trust_offline(struct app *app, struct sy_str origin);
void trust_close(struct app *app); /* keeps what is unsaved */

/*
 * A checkpoint that the ledger shows: signature, origin, consistency with the newest proven.  H is
 * the caller's own connection, or NULL: then only what needs no proof is checked (signature, and a
 * root that differs at the same size).
 */
int trust_see(struct trust *t, struct http *h, struct sy_str note, struct fail *f);
/* Entry bytes under a tlog-proof: inclusion, then trust_see of its checkpoint. */
int trust_entry(struct trust *t, struct http *h, const uint8_t raw[SY_ENTRY_SIZE],
		struct sy_str proof, struct sy_entry *out, struct fail *f);
/* The newest checkpoint of the ledger, fetched, seen and parsed into OUT (memory in A's body). */
int trust_latest(struct trust *t, struct http *h, struct http_answer *a, struct sy_checkpoint *out,
		 struct fail *f);
/* A connection of its own for another thread. */
int trust_connect(const struct app *app, struct http **out, struct fail *f);

/* "&at=N" or "?at=N" for answers that must know all that the ledger has; "" of an empty one. */
void trust_at(struct trust *t, struct sy_buf *path);

/* What KNOWN (the text of the file) says of an address and an origin; spans borrow it. */
void known_find(struct sy_str known, struct sy_str address, struct sy_str origin,
		struct sy_str *by_address, struct sy_str *by_origin);

#endif
