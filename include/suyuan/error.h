/*
 * Errors of the library and of both programs: one list.
 *
 * Every function that can fail returns 0 (SY_OK) or one of these codes.  Leaves return them and
 * never print; the route dispatch, the command line's main and the daemon's main speak.  Each code
 * has the HTTP status it becomes at the edge and one sentence for people.
 */
#ifndef SUYUAN_ERROR_H
#define SUYUAN_ERROR_H

#define SY_ERRORS(X)                                                  \
	X(SY_OK, 200, "done")                                         \
	X(SY_ENOMEM, 503, "not enough memory")                        \
	X(SY_EIO, 503, "the disk or the network failed")              \
	X(SY_ENOSPC, 507, "the disk is full")                         \
	X(SY_EBUSY, 503, "busy, try again")                           \
	X(SY_EHALT, 503, "the ledger takes no more writes")           \
	X(SY_ECLOCK, 503, "the clock is not to be trusted")           \
	X(SY_ENOTFOUND, 404, "not found")                             \
	X(SY_EGONE, 410, "erased by law")                             \
	X(SY_EINVAL, 400, "malformed")                                \
	X(SY_ERANGE, 400, "out of range")                             \
	X(SY_ETOOBIG, 413, "too large")                               \
	X(SY_EUTF8, 400, "not valid UTF-8")                           \
	X(SY_EJSON, 400, "not valid JSON")                            \
	X(SY_EDUPNAME, 400, "a name stands twice in one object")      \
	X(SY_EDEPTH, 400, "nested too deeply")                        \
	X(SY_EBASE64, 400, "not canonical base64")                    \
	X(SY_ECHECK, 422, "wrong check digit")                        \
	X(SY_ESIG, 401, "signature does not verify")                  \
	X(SY_EKEY, 401, "key unknown, revoked or expired")            \
	X(SY_EORIGIN, 401, "made for another ledger")                 \
	X(SY_EDENIED, 403, "the author may not say this")             \
	X(SY_EDUP, 409, "already in the ledger")                      \
	X(SY_ECONFLICT, 409, "contradicts the ledger")                \
	X(SY_EDEADLINE, 422, "the deadline has passed")               \
	X(SY_ERULES, 422, "fails the rules in force")                 \
	X(SY_EPROOF, 422, "proof does not hold")                      \
	X(SY_ECORRUPT, 500, "stored bytes are damaged")               \
	X(SY_EVERSION, 500, "made by a newer version")                \
	X(SY_ELOCKED, 500, "held by another process")                 \
	X(SY_EROLLBACK, 500, "older than what was already published") \
	X(SY_EINTERNAL, 500, "internal fault")

enum sy_err {
#define X(code, status, text) code,
	SY_ERRORS(X)
#undef X
};

/* One sentence, never NULL. */
const char *sy_strerror(int err);

/* The HTTP status of a code; 500 for a number that is none. */
int sy_http_status(int err);

#endif
