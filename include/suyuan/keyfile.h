/*
 * Key files: {"type":"suyuan/key/v1","vkey":...,"seed":...,"saltKey":...} or, under a passphrase,
 * a "sealed" object (Argon2id and XChaCha20-Poly1305, all parameters named in it).
 *
 * Files are created with mode 0600, synced, and never overwritten.  A file that others may read is
 * refused.  Call sy_crypto_init first; wipe a sy_keyfile with sy_wipe when done.
 */
#ifndef SUYUAN_KEYFILE_H
#define SUYUAN_KEYFILE_H

#include "sign.h"

struct sy_keyfile {
	struct sy_vkey vkey;
	char vkey_text[SY_VKEY_TEXT];
	struct sy_signer signer;
	uint8_t salt_key[32];
};

/* A new random pair for NAME (a party's key name, or an origin). */
int sy_keyfile_new(struct sy_keyfile *k, struct sy_str name);
/* PASSPHRASE may be NULL: secrets in the clear.  SY_EDUP when the file is there already; SY_EIO,
 * SY_ENOSPC, and then no file is left. */
int sy_keyfile_write(const struct sy_keyfile *k, const char *path, const char *passphrase);
/* *WHY (WHY may be NULL) is a sentence on failure, never to be freed.  SY_EKEY: sealed, and no
 * passphrase or a wrong one; SY_EDENIED: open to others; SY_ENOTFOUND. */
int sy_keyfile_read(struct sy_keyfile *k, const char *path, const char *passphrase,
		    const char **why);
/* The vkey alone, which needs no passphrase and takes a file that others may read. */
int sy_keyfile_vkey(const char *path, struct sy_vkey *out, const char **why);

#endif
