#include <suyuan/entry.h>
#include <suyuan/error.h>
#include <suyuan/submission.h>

#include <inttypes.h>
#include <stdio.h>

static const uint8_t magic[4] = {'S', 'Y', 'E', '1'};

/* FORMAT.md's offsets. */
enum {
	AT_KIND = 4,
	AT_ALG = 5,
	AT_ZERO = 6,
	AT_INDEX = 8,
	AT_FIRST = 16,
	AT_COUNT = 24,
	AT_DEADLINE = 28,
	AT_TIME = 32,
	AT_PREV = 40,
	AT_ROOT = 72,
	AT_AUTHOR = 104,
	AT_SIGNATURE = 136,
};

static int refuse(int err, const char **why, const char *text)
{
	if (why)
		*why = text;
	return err;
}

/* --- bytes ---------------------------------------------------------------------------------- */

void sy_entry_encode(const struct sy_entry *e, uint8_t out[SY_ENTRY_SIZE])
{
	memcpy(out, magic, sizeof magic);
	out[AT_KIND] = e->kind;
	out[AT_ALG] = e->alg;
	sy_put16(out + AT_ZERO, 0);
	sy_put64(out + AT_INDEX, e->index);
	sy_put64(out + AT_FIRST, e->first);
	sy_put32(out + AT_COUNT, e->count);
	sy_put32(out + AT_DEADLINE, e->deadline);
	sy_put64(out + AT_TIME, e->time);
	memcpy(out + AT_PREV, e->prev.b, SY_HASH_SIZE);
	memcpy(out + AT_ROOT, e->records_root.b, SY_HASH_SIZE);
	memcpy(out + AT_AUTHOR, e->author, SY_KEY_SIZE);
	memcpy(out + AT_SIGNATURE, e->signature, SY_SIG_SIZE);
}

static int ranges(const struct sy_entry *e, const char **why)
{
	bool submission = e->kind == SY_ENTRY_SUBMISSION;
	bool signs = submission || e->kind == SY_ENTRY_LOG_KEY;

	if (e->kind == 0)
		return refuse(SY_EINVAL, why, "an entry of kind 0");
	if (signs && e->alg != SY_ALG_ED25519 && e->alg != SY_ALG_SM2_EVEN &&
	    e->alg != SY_ALG_SM2_ODD)
		return refuse(SY_EINVAL, why, "an unknown signature algorithm");
	if (submission && (e->count == 0 || e->count > SY_RECORDS_MAX))
		return refuse(SY_EINVAL, why, "a submission has 1 to 10,000 records");
	if ((e->kind == SY_ENTRY_INDEX || e->kind == SY_ENTRY_LOG_KEY) && e->count != 0)
		return refuse(SY_EINVAL, why, "records in a kind that has none");
	if (submission && e->deadline == 0 && e->index != 0)
		return refuse(SY_EINVAL, why, "a submission without a deadline");
	if (e->first > UINT64_MAX - e->count)
		return refuse(SY_EINVAL, why, "record numbers run over");
	return SY_OK;
}

int sy_entry_decode(const uint8_t in[SY_ENTRY_SIZE], struct sy_entry *out, const char **why)
{
	struct sy_entry e = {
	    .kind = in[AT_KIND],
	    .alg = in[AT_ALG],
	    .index = sy_get64(in + AT_INDEX),
	    .first = sy_get64(in + AT_FIRST),
	    .count = sy_get32(in + AT_COUNT),
	    .deadline = sy_get32(in + AT_DEADLINE),
	    .time = sy_get64(in + AT_TIME),
	};
	if (memcmp(in, magic, sizeof magic) != 0)
		return refuse(SY_EINVAL, why, "not an entry: it doesn't begin with SYE1");
	if (sy_get16(in + AT_ZERO) != 0)
		return refuse(SY_EINVAL, why, "bytes 6 and 7 aren't zero");
	int err = ranges(&e, why);
	if (err)
		return err;
	memcpy(e.prev.b, in + AT_PREV, SY_HASH_SIZE);
	memcpy(e.records_root.b, in + AT_ROOT, SY_HASH_SIZE);
	memcpy(e.author, in + AT_AUTHOR, SY_KEY_SIZE);
	memcpy(e.signature, in + AT_SIGNATURE, SY_SIG_SIZE);
	*out = e;
	return SY_OK;
}

/* --- the chain ------------------------------------------------------------------------------ */

static int genesis(const struct sy_entry *e, const char **why)
{
	static const sy_hash none;
	if (e->index != 0)
		return refuse(SY_ECORRUPT, why, "the first entry's index isn't 0");
	if (e->kind != SY_ENTRY_SUBMISSION || e->first != 0 || e->count != 1)
		return refuse(SY_ECORRUPT, why, "the first entry isn't one record, number 0");
	if (!sy_hash_eq(&e->prev, &none))
		return refuse(SY_ECORRUPT, why, "the first entry chains to another");
	return SY_OK;
}

static int successor(const struct sy_entry *e, const struct sy_entry *before,
		     const sy_hash *leaf_before, const char **why)
{
	if (before->index == UINT64_MAX || e->index != before->index + 1)
		return refuse(SY_ECORRUPT, why, "the index isn't the next");
	if (e->first != before->first + before->count)
		return refuse(SY_ECORRUPT, why, "the first record's number isn't the next");
	if (e->time < before->time)
		return refuse(SY_ECORRUPT, why, "earlier than the entry before");
	if (!sy_hash_eq(&e->prev, leaf_before))
		return refuse(SY_ECORRUPT, why, "the hash of the entry before is another");
	return SY_OK;
}

int sy_entry_follows(const struct sy_entry *e, const struct sy_entry *before,
		     const sy_hash *leaf_before, const char **why)
{
	int err = before ? successor(e, before, leaf_before, why) : genesis(e, why);
	if (err)
		return err;
	if (e->deadline != 0 && e->time > e->deadline * UINT64_C(1000))
		return refuse(SY_ECORRUPT, why, "accepted after its deadline");
	return SY_OK;
}

/* --- signatures ----------------------------------------------------------------------------- */

static size_t log_key_statement(const struct sy_entry *e, struct sy_str origin,
				char out[SY_STATEMENT_MAX])
{
	char key[SY_BASE64_LEN(SY_KEY_SIZE) + 1];
	if (sy_origin_check(origin) != SY_OK)
		return 0;
	sy_base64(e->records_root.b, SY_KEY_SIZE, key);
	int n = snprintf(out, SY_STATEMENT_MAX, "suyuan/log-key/v1\n%.*s\n%" PRIu64 "\n%s\n",
			 (int)origin.n, origin.p, e->index, key);
	return n < 0 || n >= SY_STATEMENT_MAX ? 0 : (size_t)n;
}

int sy_entry_verify(const struct sy_entry *e, struct sy_str origin)
{
	char text[SY_STATEMENT_MAX];
	size_t n;
	if (e->kind == SY_ENTRY_SUBMISSION)
		n = sy_submission_statement(origin, e->count, &e->records_root, e->deadline, text);
	else if (e->kind == SY_ENTRY_LOG_KEY)
		n = log_key_statement(e, origin, text);
	else
		return SY_EVERSION;
	if (e->alg != SY_ALG_ED25519)
		return SY_EVERSION;
	return n ? sy_verify(e->author, text, n, e->signature) : SY_EINVAL;
}
