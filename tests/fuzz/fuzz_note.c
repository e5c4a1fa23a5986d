/*
 * Notes, checkpoints and proofs.  What parses lies within the input and, written again, is the
 * same text; nothing that was not signed verifies.
 */
#include <suyuan/error.h>
#include <suyuan/note.h>

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool within(struct sy_str part, struct sy_str whole)
{
	return part.p >= whole.p && part.n <= whole.n &&
	       (size_t)(part.p - whole.p) <= whole.n - part.n;
}

static void log_key(struct sy_signer *signer, struct sy_vkey *key)
{
	static const uint8_t seed[SY_SEED_SIZE];
	sy_signer_from_seed(signer, seed);
	must(sy_vkey_make(key, SY_STR("example.com/trace"), signer->key) == SY_OK);
}

static void checkpoint(struct sy_str in)
{
	struct sy_signer signer;
	struct sy_vkey key;
	struct sy_checkpoint c;
	struct sy_buf b = {0};

	log_key(&signer, &key);
	if (sy_checkpoint_parse(in, &c) != SY_OK)
		return;
	must(within(c.origin, c.body) && within(c.body, in));
	must(sy_checkpoint_sign(&signer, c.origin, c.size, &c.root, &b) == SY_OK);
	must(b.n > c.body.n && memcmp(b.p, c.body.p, c.body.n) == 0);
	/* The corpus's own key signs only this; anything else by its name must be refused. */
	if (sy_checkpoint_verify(&c, &key) == SY_OK)
		must(memmem(in.p, in.n, b.p + c.body.n, b.n - c.body.n - 1) != NULL);
	sy_buf_free(&b);
}

static void proof(struct sy_str in)
{
	struct sy_tlog_proof p, again;
	struct sy_buf b = {0};

	if (sy_tlog_proof_parse(in, &p) != SY_OK)
		return;
	must(p.path.n <= SY_PATH_MAX && within(p.checkpoint, in));
	sy_tlog_proof_format(p.index, &p.path, p.checkpoint, &b);
	must(!b.failed && b.n <= in.n);
	must(sy_tlog_proof_parse(sy_buf_span(&b), &again) == SY_OK && again.index == p.index);
	must(again.path.n == p.path.n && sy_str_eq(again.checkpoint, p.checkpoint));
	sy_buf_free(&b);
	checkpoint(p.checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sy_str in = {(const char *)data, n}, body = {NULL, 0};
	struct sy_signer signer;
	struct sy_vkey key;

	must(sy_crypto_init() == SY_OK);
	log_key(&signer, &key);
	if (sy_note_verify(in, &key, &body) == SY_OK)
		must(within(body, in));
	checkpoint(in);
	proof(in);
	if (sy_vkey_parse(in, &key) == SY_OK) {
		char text[SY_VKEY_TEXT];
		sy_vkey_format(&key, text);
		must(sy_str_is(in, text));
	}
	return 0;
}
