/*
 * Submissions: signed here, sent, and not believed before the answer is proven.
 *
 * A submission is done when the entry that comes back carries our key, our records_root and our
 * signature, lies in a checkpoint of the pinned log, and that checkpoint continues what was seen
 * before.
 */
#ifndef CLI_SEND_H
#define CLI_SEND_H

#include "trust.h"

#define SEND_LIFETIME 600 /* seconds from now to the deadline */

struct sender {
	struct http *http;
	struct trust *trust;
	const struct sy_keyfile *key;
};

struct sent {
	long status; /* of the last answer; 0: none came */
	bool again;  /* the ledger had it already */
	uint64_t entry, first;
	uint32_t count;
	uint64_t time; /* ms */
};

/* The key to sign with: --key, SUYUAN_KEY or the configuration; passphrase from its file. */
int key_read(struct app *app, struct sy_keyfile *key);
/* The party that a key's name stands for, in the arena; NULL for none. */
const char *key_party(struct sy_arena *arena, const struct sy_vkey *vkey);
/* First line of --passphrase-file; *OUT NULL without the option. */
int passphrase_read(struct sy_arena *arena, const char *path, const char **out, struct fail *f);

/*
 * RC_DONE with what the ledger did and its warnings in FAULTS (status 0).  RC_REFUSED with the
 * refusals in FAULTS (a status, record SY_NO_RECORD for the whole) and a summary in F.
 */
int send_records(struct sender *s, const struct sy_str *records, size_t n, struct sent *out,
		 struct sy_faults *faults, struct fail *f);

/* For a noun that writes records: check their form, read key, contact, send all or none; with
 * --dry-run show them. */
int send_all(struct app *app, const struct sy_str *records, size_t n, struct sent *out);
int send_one(struct app *app, struct sy_str record, struct sent *out);
/* Is it a legal record, and an event of sound form when it is one?  Faults in app->fail. */
int record_check(struct app *app, struct sy_str record);
/* Fields of a sent submission into the open object. */
void sent_show(struct app *app, const struct sent *sent);

#endif
