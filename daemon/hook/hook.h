/*
 * Webhooks: notices of recalls, posted to parties that want them so.
 *
 * The file that the configuration names has a line a party: its id, a URL, and the secret that both
 * know, separated by blanks; '#' begins a comment.  Only its owner may read it.
 *
 * Each notice to such a party is posted as JSON until the answer is 2xx with its head whole, from a
 * second to an hour apart; nobody is followed to another URL, and a certificate must hold.  A
 * thread of its own does it: receivers that are slow, wrong or gone harm nobody, since each has ten
 * seconds, one request at a time and at most a minute's rest after those that failed, sixteen go on
 * together in turns, and of an answer nothing is kept.  What was delivered and how often it was
 * tried stands in DIR/local/webhooks; when that is lost, or a kill comes between the answer and its
 * row, a notice is posted again.  So each request has an Idempotency-Key that stays the same for
 * the same notice:
 *
 *   Idempotency-Key: <hex SHA-256 of origin LF record of the notice LF party>
 *   Suyuan-Time: <seconds since 1970>
 *   Suyuan-Signature: sha256=<hex HMAC-SHA256 under the secret of that time, ".", body>
 *
 *   {"type":"RecallNotice","id":"<that key>","ledger":"<origin>","party":"...","notice":<record>,
 *    "entry":N,"time":"...","text":"...","recall":{"id","number","record","party","level",...}}
 *
 * `recall` is the version that the notice speaks of.
 */
#ifndef HOOK_HOOK_H
#define HOOK_HOOK_H

#include "index/index.h"

struct hooks;

/* NULL in *OUT, and SY_OK, without a PATH.  AUTHORITIES are a file in PEM, or NULL for the
 * system's. *WHY is a sentence on failure, kept until the next call; what is wrong in the file is
 * logged, all of it. */
int hooks_open(const char *path, const char *authorities, const char *dir, struct ledger *ledger,
	       struct index *index, struct hooks **out, const char **why);
/* Reads the files alone: FAULTS get a line for each that is there, and stay as they are without. */
void hooks_check(const char *path, const char *authorities, struct sy_buf *faults);
void hooks_wake(struct hooks *h);      /* the index has advanced; any thread; NULL is fine */
size_t hooks_waiting(struct hooks *h); /* notices at hand that aren't delivered; 0 of NULL */
void hooks_close(struct hooks *h);     /* gives up what is under way; NULL is fine */

#endif
