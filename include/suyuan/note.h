/*
 * C2SP signed notes, checkpoints and tlog-proofs.
 *
 * A note is text, an empty line and signature lines.  Unknown signature lines are kept and
 * ignored; a known key's bad signature refuses the note.  Notes to 64 KiB with 16 or more
 * signatures are read.  A checkpoint (tlog-checkpoint) is a note over origin, size and root and
 * has no extension lines here.  Spans borrow the input.
 */
#ifndef SUYUAN_NOTE_H
#define SUYUAN_NOTE_H

#include "sign.h"
#include "tree.h"

#define SY_NOTE_MAX 65536

struct sy_checkpoint {
	struct sy_str origin;
	uint64_t size;
	sy_hash root;
	struct sy_str note; /* the whole signed note */
	struct sy_str body; /* the text that is signed, with its last LF */
};

/* The signed note with the log's one signature, appended to OUT. */
int sy_checkpoint_sign(const struct sy_signer *log, struct sy_str origin, uint64_t size,
		       const sy_hash *root, struct sy_buf *out);
/* Reads without checking signatures: SY_EINVAL, SY_ERANGE, SY_EBASE64, SY_ETOOBIG. */
int sy_checkpoint_parse(struct sy_str note, struct sy_checkpoint *out);
/* Signed by LOG, whose name is the note's origin?  SY_EORIGIN for another origin; SY_ESIG. */
int sy_checkpoint_verify(const struct sy_checkpoint *c, const struct sy_vkey *log);
/* Signature of a further key by vkey over any note; SY_ENOTFOUND when that key has no line,
 * SY_ESIG when any of its lines is bad.  *BODY (may be NULL) is the text that is signed. */
int sy_note_verify(struct sy_str note, const struct sy_vkey *key, struct sy_str *body);

/* A tlog-proof: "c2sp.org/tlog-proof@v1", index, hashes, empty line, checkpoint.  The "extra"
 * line that C2SP allows before the index is passed over; nobody has signed it. */
struct sy_tlog_proof {
	uint64_t index;
	struct sy_path path;
	struct sy_str checkpoint;
};

/* The checkpoint isn't read here.  SY_EINVAL, SY_ERANGE, SY_EBASE64. */
int sy_tlog_proof_parse(struct sy_str text, struct sy_tlog_proof *out);
void sy_tlog_proof_format(uint64_t index, const struct sy_path *path, struct sy_str checkpoint,
			  struct sy_buf *out);

#endif
