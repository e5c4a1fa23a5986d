/*
 * Key files.  What is read is a pair whose halves fit, read twice the same; a refusal has its
 * sentence and leaves no secret behind.  Passphrases aren't tried: that is slow on purpose.
 */
#include <suyuan/error.h>
#include <suyuan/keyfile.h>

#include <stdlib.h>

#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void check_key(const struct sy_keyfile *k)
{
	struct sy_signer signer;
	struct sy_vkey vkey;
	/* libsodium keeps the seed in the first half of the secret key. */
	sy_signer_from_seed(&signer, k->signer.secret);
	MUST(memcmp(signer.key, k->vkey.key, SY_KEY_SIZE) == 0);
	MUST(sy_vkey_parse(sy_str(k->vkey_text), &vkey) == SY_OK);
	MUST(memcmp(vkey.key, k->signer.key, SY_KEY_SIZE) == 0);
	MUST(strcmp(vkey.name, k->vkey.name) == 0 && vkey.id == k->vkey.id);
}

static void check_refused(const struct sy_keyfile *k, const char *why)
{
	const uint8_t *p = (const uint8_t *)k;
	MUST(why && *why);
	for (size_t i = 0; i < sizeof *k; i++)
		MUST(p[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_keyfile k, again;
	struct sy_vkey vkey;
	const char *why = NULL, *why_vkey = NULL;
	char path[32];
	MUST(sy_crypto_init() == SY_OK);
	int fd = memory_file(data, n, path);
	int err = sy_keyfile_read(&k, path, NULL, &why);
	int err_vkey = sy_keyfile_vkey(path, &vkey, &why_vkey);
	if (err == SY_OK) {
		check_key(&k);
		MUST(err_vkey == SY_OK && strcmp(vkey.name, k.vkey.name) == 0);
		MUST(sy_keyfile_read(&again, path, "unused", NULL) == SY_OK);
		MUST(memcmp(&k.signer, &again.signer, sizeof k.signer) == 0);
		MUST(memcmp(k.salt_key, again.salt_key, sizeof k.salt_key) == 0);
	} else {
		check_refused(&k, why);
	}
	MUST(err_vkey == SY_OK || (err == err_vkey && *why_vkey));
	close(fd);
	return 0;
}
